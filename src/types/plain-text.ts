/** Characters that a terminal interprets or that mislead a reader: controls, line separators, and those that change the writing direction. */
const NOT_PLAIN = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
/** Those of them that JSON allows unescaped in a string. */
const RAW_IN_JSON = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Returns untrusted text with a space for each such character. */
export function plainText(text: string): string {
  return text.replace(NOT_PLAIN, ' ');
}

/** Returns the same JSON with escapes for such characters: a parser gets them, a terminal does not interpret them. */
export function inertJson(json: string): string {
  return json.replace(
    RAW_IN_JSON,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
