/**
 * Where things are in a JSON text, in bytes, so that it can be changed without being written anew (B16): key order, number formats and white
 * space of an engine's answer and of an app's request stay as they were. Works on bytes because every structural sign of JSON is ASCII.
 */

/** End exclusive. */
export interface Span {
  start: number;
  end: number;
}

export interface Member {
  key: string;
  value: Span;
}

export interface ObjectSpan {
  members: Member[];
  /** Offset of the closing brace. */
  close: number;
}

export interface Edit extends Span {
  /** Replaces the bytes of the span; an empty span is an insertion. */
  text: string;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;

/**
 * Members of the object that opens at `open`. The text must have passed JSON.parse: the scan relies on it and does not validate again.
 * Members of nested objects are not listed.
 */
export function scanObject(json: Buffer, open: number): ObjectSpan {
  const members: Member[] = [];
  let at = skipSpace(json, open + 1);
  while (json[at] !== CLOSE_BRACE && at < json.length) {
    const keyEnd = stringEnd(json, at);
    const key = JSON.parse(json.toString('utf8', at, keyEnd)) as string;
    const start = skipSpace(json, skipSpace(json, keyEnd) + 1);
    const end = valueEnd(json, start);
    members.push({ key, value: { start, end } });
    at = skipSpace(json, end);
    if (json[at] === COMMA) at = skipSpace(json, at + 1);
  }
  return { members, close: at };
}

/** The member JSON.parse would take: the last of that name. */
export function findMember({ members }: ObjectSpan, key: string): Member | undefined {
  return members.findLast((member) => member.key === key);
}

/** Edits that give members of the object these JSON texts: in place where they are, else at the end. */
export function setMembers(object: ObjectSpan, values: Readonly<Record<string, string>>): Edit[] {
  const edits: Edit[] = [];
  const added: string[] = [];
  for (const [key, text] of Object.entries(values)) {
    const present = findMember(object, key);
    if (present === undefined) added.push(`${JSON.stringify(key)}:${text}`);
    else edits.push({ ...present.value, text });
  }
  if (added.length > 0) {
    const text = `${object.members.length > 0 ? ',' : ''}${added.join(',')}`;
    // Directly after the last value, so that the white space before a closing brace on its own line stays where it was.
    const at = object.members.at(-1)?.value.end ?? object.close;
    edits.push({ start: at, end: at, text });
  }
  return edits;
}

/** @param edits must not overlap */
export function applyEdits(bytes: Buffer, edits: readonly Edit[]): Buffer {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const edit of edits.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    pieces.push(bytes.subarray(at, edit.start), Buffer.from(edit.text));
    at = edit.end;
  }
  pieces.push(bytes.subarray(at));
  return Buffer.concat(pieces);
}

function skipSpace(json: Buffer, from: number): number {
  let at = from;
  for (; at < json.length; at++) {
    const byte = json[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
  }
  return at;
}

/** @param open offset of the opening quote @returns offset behind the closing one */
function stringEnd(json: Buffer, open: number): number {
  for (let at = open + 1; at < json.length; at++) {
    if (json[at] === BACKSLASH) at++;
    else if (json[at] === QUOTE) return at + 1;
  }
  return json.length;
}

function valueEnd(json: Buffer, start: number): number {
  const first = json[start];
  if (first === QUOTE) return stringEnd(json, start);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) {
    let at = start;
    while (at < json.length && !endsScalar(json[at] as number)) at++;
    return at;
  }
  let depth = 0;
  let at = start;
  while (at < json.length) {
    const byte = json[at];
    if (byte === QUOTE) {
      at = stringEnd(json, at);
      continue;
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
    at++;
    if (depth === 0) return at;
  }
  return json.length;
}

function endsScalar(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || byte <= 0x20;
}
