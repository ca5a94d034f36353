/** One statement of a FRR configuration. */
export interface Statement {
  /** From 1. */
  readonly line: number;
  /** Its words with one blank between them. */
  readonly text: string;
  /** True where it begins in the first column. */
  readonly isOutermost: boolean;
}

/** What is said of a statement: that nothing of it was carried over, or that evpnd does something else than FRR. */
export interface Note {
  /** From 1; 0 where it is of the file as a whole. */
  readonly line: number;
  readonly kind: 'not-carried' | 'differs';
  /** As it is shown: without secrets, on one line. */
  readonly statement: string;
  readonly text: string;
}

const LONGEST = 120;
/** Words after which a secret stands. */
const SECRET = /\b(password|md5|authentication-key|message-digest-key|key-string|key|secret) \S.*/;
/** What `show running-config` prints before a configuration. */
const TITLE = /^(Building configuration\.\.\.|Current configuration:)$/;

/** The statements of a file, without comments and empty lines. */
export function statementsOf(text: string): Statement[] {
  return text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\n|\r/)
    .flatMap((each, index) => {
      const words = each.trim().replace(/\s+/g, ' ');
      if (words === '' || /^[!#]/.test(words) || TITLE.test(words)) {
        // A comment mark in the first column ends a block in files of old versions, which have no `exit`
        return each.startsWith('!') ? [{ line: index + 1, text: '!', isOutermost: true }] : [];
      }
      return [{ line: index + 1, text: words, isOutermost: !/^\s/.test(each) }];
    });
}

/** The statement for people: keys and passwords are left out, as are control characters and what is too long. */
export function shownStatement(text: string): string {
  const plain = text.replace(SECRET, '$1 …').replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu, '\ufffd');
  return plain.length > LONGEST ? `${plain.slice(0, LONGEST)}…` : plain;
}
