/**
 * Up to six letters, three digits or two other signs, each with the space before it; any other white space alone. Every code point matches one
 * branch, so the tokens put together are the text, also for lone surrogates and combining marks.
 */
const TOKEN = / ?\p{L}{1,6}| ?\p{N}{1,3}| ?[^\s\p{L}\p{N}]{1,2}|\s/gu;

export function tokenize(text: string): string[] {
  return text.match(TOKEN) ?? [];
}
