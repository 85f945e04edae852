/** One `"key": value` of the top-level object: offsets into the text, end exclusive. */
export interface JsonMember {
  key: string;
  start: number;
  end: number;
  valueStart: number;
}

const STRUCTURAL = /["{}[\]]/g;
const SCALAR_END = /[,}\s]/g;
const NOT_SPACE = /[^ \t\n\r]/g;

/**
 * Finds the members of the top-level object.
 * @param text must already have passed JSON.parse as an object; the scan relies on that and does not validate again
 */
export function scanMembers(text: string): JsonMember[] {
  const members: JsonMember[] = [];
  let at = skipSpace(text, text.indexOf('{') + 1);
  while (text[at] !== '}') {
    const start = at;
    const keyEnd = stringEnd(text, start);
    const colon = skipSpace(text, keyEnd);
    const valueStart = skipSpace(text, colon + 1);
    const end = valueEnd(text, valueStart);
    members.push({ key: JSON.parse(text.slice(start, keyEnd)) as string, start, end, valueStart });
    at = skipSpace(text, end);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return members;
}

/**
 * The object with some members left out and some set to a new JSON text: in place when present, else at the end.
 * Everything else is copied verbatim. Undefined when there is nothing to change.
 */
export function editMembers(
  text: string,
  members: readonly JsonMember[],
  remove: ReadonlySet<string>,
  set: ReadonlyMap<string, string>,
): string | undefined {
  if (set.size === 0 && !members.some((member) => remove.has(member.key))) return undefined;
  const pieces: string[] = [];
  const present = new Set<string>();
  for (const member of members) {
    present.add(member.key);
    if (remove.has(member.key)) continue;
    const value = set.get(member.key);
    pieces.push(
      value === undefined ? text.slice(member.start, member.end) : text.slice(member.start, member.valueStart) + value,
    );
  }
  for (const [key, value] of set) {
    if (!present.has(key)) pieces.push(`${JSON.stringify(key)}:${value}`);
  }
  return `{${pieces.join(',')}}`;
}

function skipSpace(text: string, from: number): number {
  NOT_SPACE.lastIndex = from;
  return NOT_SPACE.exec(text)?.index ?? text.length;
}

/** @param open offset of the opening quote */
function stringEnd(text: string, open: number): number {
  for (let at = text.indexOf('"', open + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text[at - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return at + 1;
  }
  return text.length;
}

function valueEnd(text: string, start: number): number {
  const first = text[start];
  if (first === '"') return stringEnd(text, start);
  if (first !== '{' && first !== '[') {
    SCALAR_END.lastIndex = start;
    return SCALAR_END.exec(text)?.index ?? text.length;
  }
  let depth = 0;
  let at = start;
  while (at < text.length) {
    STRUCTURAL.lastIndex = at;
    const found = STRUCTURAL.exec(text);
    if (found === null) break;
    const char = found[0];
    if (char === '"') {
      at = stringEnd(text, found.index);
      continue;
    }
    depth += char === '{' || char === '[' ? 1 : -1;
    at = found.index + 1;
    if (depth === 0) return at;
  }
  return text.length;
}
