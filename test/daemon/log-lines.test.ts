import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import ts from 'typescript';
import { LOG_LINES, lineId } from '../../src/log-lines.js';

/** What has the methods of a log, by its name. */
const IS_LOG = /(^|[.#])(log|limited)$|Log$/i;
const LEVELS = /^(debug|info|warn|error|fatal)$/;
/** Texts of these calls stand in tables, which are looked up below, or come from elsewhere under an `event` of their own. */
const TABLES =
  /^(TEXTS|SENTENCES)\[|^(sentence|message|problem|text)$|^sweepText\(|^error\.message$|^formatFinding\(/;

interface Call {
  readonly place: string;
  /** Literals of the message, each the head of its text. */
  readonly heads: readonly string[];
  readonly message: string;
  readonly facts: string;
}

function callsOf(file: string): Call[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const calls: Call[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node)) {
      const { expression: callee } = node;
      const isAccess = ts.isPropertyAccessExpression(callee) || ts.isElementAccessExpression(callee);
      const isLevel =
        ts.isElementAccessExpression(callee) ||
        (ts.isPropertyAccessExpression(callee) && LEVELS.test(callee.name.text));
      if (isAccess && isLevel && IS_LOG.test(callee.expression.getText())) {
        const texts = node.arguments.filter(
          (each) => !ts.isObjectLiteralExpression(each) && !ts.isArrowFunction(each),
        );
        const message = node.arguments.find((each) => headsOf(each).length > 0) ?? texts.at(-1) ?? node;
        const { line } = source.getLineAndCharacterOfPosition(node.getStart());
        calls.push({
          place: `${file}:${line + 1}`,
          heads: headsOf(message),
          message: message.getText(),
          facts: node.arguments.map((each) => each.getText()).join(' '),
        });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return calls;
}

/** The texts that an expression can come to, as far as they are literal. */
function headsOf(node: ts.Node): string[] {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text];
  if (ts.isTemplateExpression(node)) return [node.head.text];
  if (ts.isConditionalExpression(node)) return [...headsOf(node.whenTrue), ...headsOf(node.whenFalse)];
  return [];
}

const FILES = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join('src', name));
const CALLS = FILES.flatMap(callsOf);

/** True where the table has a line that begins so. */
const isListed = (head: string) =>
  lineId(head) !== undefined ||
  Object.values(LOG_LINES).some(({ texts }) => texts.some((text) => text.startsWith(head)));

test('every line that the code logs has an id', (t) => {
  t.true(CALLS.length > 80, String(CALLS.length));
  for (const { place, heads, message, facts } of CALLS) {
    if (place.startsWith(join('src', 'types', 'limited-log.ts'))) continue;
    if (facts.includes('event:')) continue;
    if (heads.length === 0) t.regex(message, TABLES, place);
    for (const head of heads) t.true(isListed(head), `${place}: ${head}`);
  }
});

test('every line of the table is logged somewhere', (t) => {
  const code = FILES.filter((file) => !file.endsWith('log-lines.ts'))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  for (const [id, { texts }] of Object.entries(LOG_LINES)) {
    if (texts.length === 0) t.true(code.includes(`event: '${id}'`), id);
    for (const text of texts) {
      const whole = text.replace(/…$/, '').trimEnd();
      t.true(code.includes(whole) || code.includes(whole.replaceAll("'", "\\'")), `${id}: ${text}`);
    }
  }
});

test('ids are a subsystem and a word, and a text has one id', (t) => {
  const texts = Object.values(LOG_LINES).flatMap((each) => each.texts);
  t.is(new Set(texts).size, texts.length);
  for (const id of Object.keys(LOG_LINES))
    t.regex(id, /^(daemon|config|api|bgp|bfd|nd|evpn|hosts|kernel)\.[a-z-]+$/);
});

test('the id of a line is found by its text, also where it goes on, or tells of lines held back', (t) => {
  t.is(lineId('BGP session lost'), 'bgp.lost');
  t.is(lineId('route refused: the path is too long'), 'bgp.route-refused');
  t.is(lineId('more lines like this: MAC moved'), 'evpn.mac-moved');
  t.is(lineId('never heard of'), undefined);
});
