/**
 * Just enough of Tact's syntax to change a source without breaking it: which characters are code, where bodies of
 * functions stand, and where each statement begins and ends. Everything works on the text, so it needs no compiler.
 */

export interface Span {
  /** First character. */
  start: number;
  /** One past the last character. */
  end: number;
}

export interface Body extends Span {
  /** What the reader would call the place: `receive(ExtClientTopUp)`, `fun requireFunds`, `external(Slice)`. */
  label: string;
  /** Every simple statement (one that ends in `;`), also those inside `if` and loops, in source order. */
  statements: Span[];
}

/** The same text with comments and strings blanked out, character for character, so that positions stay. */
export function maskComments(source: string): string {
  const blank = (text: string) => text.replace(/[^\n]/g, ' ');
  return source.replace(/\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"/g, blank);
}

const OPENING = '([{';
const CLOSING = ')]}';

/** Position of the bracket that closes the one at `open`. */
export function closingOf(code: string, open: number): number {
  let depth = 0;
  for (let i = open; i < code.length; i++) {
    if (OPENING.includes(code[i]!)) depth++;
    else if (CLOSING.includes(code[i]!) && --depth === 0) return i;
  }
  throw new Error(`no bracket closes the one in \`${code.slice(open, open + 40).split('\n')[0]}\``);
}

/** Spans between the top-level commas of `code[start, end)`, trimmed; a trailing comma makes no part. */
export function splitAtCommas(code: string, { start, end }: Span): Span[] {
  const parts: Span[] = [];
  let depth = 0;
  let from = start;
  for (let i = start; i <= end; i++) {
    const char = code[i]!;
    if (i === end || (char === ',' && depth === 0)) {
      const part = trim(code, { start: from, end: i });
      if (part.end > part.start) parts.push(part);
      from = i + 1;
    } else if (OPENING.includes(char)) depth++;
    else if (CLOSING.includes(char)) depth--;
  }
  return parts;
}

export function trim(code: string, { start, end }: Span): Span {
  while (start < end && /\s/.test(code[start]!)) start++;
  while (end > start && /\s/.test(code[end - 1]!)) end--;
  return { start, end };
}

/** Bodies of receivers, getters and functions; assembly has none that could be changed statement by statement. */
export function findBodies(code: string): Body[] {
  const bodies: Body[] = [];
  const heads = /(?<![\w.])(?:(receive|external|bounced|init)|((?:get\s+)?fun)\s*(?:\([^)]*\)\s*)?\s(\w+))\s*\(/g;
  for (const head of code.matchAll(heads)) {
    const params = head.index + head[0].length - 1;
    const paramsEnd = closingOf(code, params);
    const tail = /^\s*(?::[^{;=]*)?\{/.exec(code.slice(paramsEnd + 1));
    const lineStart = Math.max(code.lastIndexOf(';', head.index), code.lastIndexOf('}', head.index)) + 1;
    if (tail === null || /\basm\b/.test(code.slice(lineStart, head.index))) continue;
    const open = paramsEnd + tail[0].length;
    const end = closingOf(code, open);
    const type = /:\s*([^,)]+)/.exec(code.slice(params, paramsEnd))?.[1]?.trim() ?? '';
    const label = head[1] === undefined ? `${head[2]!.replace(/\s+/g, ' ')} ${head[3]}` : `${head[1]}(${type})`;
    bodies.push({ start: open + 1, end, label, statements: statementsIn(code, { start: open + 1, end }) });
  }
  return bodies;
}

/** A block keyword with its header, if it has one; what follows is `{`. */
const BLOCK = /^(?:else\s+if|if|else|while|repeat|until|foreach|do|try|catch)\b/;

function statementsIn(code: string, block: Span): Span[] {
  const found: Span[] = [];
  let at = block.start;
  for (;;) {
    at = trim(code, { start: at, end: block.end }).start;
    if (at >= block.end) return found;
    const keyword = BLOCK.exec(code.slice(at, block.end));
    if (keyword === null) {
      const end = endOfSimple(code, at, block.end);
      found.push({ start: at, end });
      at = end;
      continue;
    }
    at = trim(code, { start: at + keyword[0].length, end: block.end }).start;
    if (code[at] === '(') at = trim(code, { start: closingOf(code, at) + 1, end: block.end }).start;
    // `until (…);` after `do { … }` has a header and no block.
    if (code[at] !== '{') {
      at += code[at] === ';' ? 1 : 0;
      continue;
    }
    const close = closingOf(code, at);
    found.push(...statementsIn(code, { start: at + 1, end: close }));
    at = close + 1;
  }
}

/** One past the `;`; a last statement without one ends with its block. */
function endOfSimple(code: string, start: number, blockEnd: number): number {
  for (let i = start; i < blockEnd; i++) {
    if (OPENING.includes(code[i]!)) i = closingOf(code, i);
    else if (code[i] === ';') return i + 1;
  }
  return trim(code, { start, end: blockEnd }).end;
}
