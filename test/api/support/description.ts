import { Ajv2020 } from 'ajv/dist/2020.js';

export type Verb = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** Tells the faults of an answer to a path of the description, written as there; none where it is as described. */
export type AnswerChecker = (
  path: string,
  status: number,
  contentType: string,
  body: unknown,
  method?: Verb,
) => string[];

/** By the description's text: to compile its schemas takes longer than most tests, and all houses have the same. */
const checkers = new Map<string, AnswerChecker>();

/** Checks answers against an OpenAPI description. */
export function answerChecker(description: object): AnswerChecker {
  const text = JSON.stringify(description);
  const checker = checkers.get(text) ?? compiled(description);
  checkers.set(text, checker);
  return checker;
}

function compiled(description: object): AnswerChecker {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema(description, 'api');
  return (path, status, contentType, body, method = 'get') => {
    const [type] = contentType.split(';');
    const [escapedPath, escapedType] = [path, type].map((part) =>
      encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')),
    );
    const check = ajv.getSchema(
      `api#/paths/${escapedPath}/${method}/responses/${status}/content/${escapedType}/schema`,
    );
    if (!check) return [`the description has no ${status} of ${type} for ${path}`];
    check(body);
    return (check.errors ?? []).map((error) => `${path} ${error.instancePath} ${error.message}`);
  };
}
