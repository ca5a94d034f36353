/** What a terminal or a reader's eye takes for more than text: controls, separators of lines, and what turns the direction of writing. */
const NOT_PLAIN = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
/** Those of them that JSON lets stand in a string as they are. */
const RAW_IN_JSON = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Text that somebody else wrote, with a space for each character that is not to be seen. */
export function plainText(text: string): string {
  return text.replace(NOT_PLAIN, ' ');
}

/** The same JSON, with escapes for such characters: what reads it gets them, what shows it does not follow them. */
export function inertJson(json: string): string {
  return json.replace(
    RAW_IN_JSON,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
