import { type Body, closingOf, findBodies, maskComments, type Span, splitAtCommas } from './tact-source';

/** What a mutant changes. Each is a mistake that somebody could make, and that some test must notice. */
export const operators = [
  'drop guard',
  'drop call',
  'drop assignment',
  'move boundary',
  'flip equality',
  'swap and/or',
  'swap plus/minus',
  'replace min/max',
  'change mode',
  'swap bounce',
] as const;
export type Operator = (typeof operators)[number];

export interface Mutant {
  /** Names the mutant by what it changes, not by where: it stays the same when lines move. */
  id: string;
  /** Relative to contracts/. */
  file: string;
  operator: Operator | 'named';
  /** The whole file after the change. */
  source: string;
}

interface Edit extends Span {
  operator: Operator;
  text: string;
}

/** Modes are flags; a lone flag becomes one that does something else, a flag in a sum goes. */
const MODES: Readonly<Record<string, string>> = {
  SendDefaultMode: 'SendPayFwdFeesSeparately',
  SendPayFwdFeesSeparately: 'SendDefaultMode',
  SendIgnoreErrors: 'SendDefaultMode',
  SendBounceIfActionFail: 'SendDefaultMode',
  SendDestroyIfZero: 'SendDefaultMode',
  SendRemainingValue: 'SendDefaultMode',
  SendRemainingBalance: 'SendRemainingValue',
  ReserveExact: 'ReserveAtMost',
  ReserveAtMost: 'ReserveExact',
  ReserveAllExcept: 'ReserveExact',
  ReserveAddOriginalBalance: 'ReserveExact',
  ReserveInvertSign: 'ReserveExact',
  ReserveBounceIfActionFail: 'ReserveExact',
};

const BOUNDARY: Readonly<Record<string, string>> = { '>=': '>', '<=': '<', '>': '>=', '<': '<=' };

/** Every mutant of one source file, in source order. */
export function mutantsOf(file: string, source: string): Mutant[] {
  const code = maskComments(source);
  const seen = new Map<string, number>();
  return findBodies(code).flatMap((body) =>
    editsIn(code, source, body).map((edit) => {
      const shown = edit.operator.startsWith('drop') ? edit : linesAround(code, edit);
      const before = oneLine(code, source, shown);
      const mutated = source.slice(0, edit.start) + edit.text + source.slice(edit.end);
      const shownAfter = { start: shown.start, end: shown.end + edit.text.length - (edit.end - edit.start) };
      const after = oneLine(maskComments(mutated), mutated, shownAfter) || '(nothing)';
      const name = `${file} › ${body.label} › ${edit.operator} › ${before} → ${after}`;
      const twin = (seen.get(name) ?? 0) + 1;
      seen.set(name, twin);
      const id = twin === 1 ? name : `${name} (${twin})`;
      return { id, file, operator: edit.operator, source: mutated };
    }),
  );
}

function linesAround(code: string, edit: Span): Span {
  const end = code.indexOf('\n', edit.end);
  return { start: code.lastIndexOf('\n', edit.start - 1) + 1, end: end < 0 ? code.length : end };
}

/** Text of a span without comments, white space collapsed, long text cut. Strings are kept: the mask blanks them too. */
function oneLine(code: string, source: string, { start, end }: Span): string {
  let text = '';
  for (let i = start; i < end; i++) {
    const comment = code[i] === ' ' && source.startsWith('//', i);
    if (comment) i = source.indexOf('\n', i);
    if (i < 0 || i >= end) break;
    text += source[i];
  }
  const line = text.replace(/\s+/g, ' ').replace(/\( /g, '(').replace(/,? \)/g, ')').trim();
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}

function editsIn(code: string, source: string, body: Body): Edit[] {
  return [
    ...body.statements.flatMap((statement) => dropped(code, source, statement)),
    ...comparisons(code, body),
    ...sums(code, body),
    ...extremes(code, source, body),
    ...modes(code, body),
    ...bounces(code, body),
  ].sort((a, b) => a.start - b.start || a.end - b.end);
}

/** The statement without its effect. */
function dropped(code: string, source: string, { start, end }: Span): Edit[] {
  const text = code.slice(start, end);
  if (/^(?:let|return)\b/.test(text)) return [];
  if (/^[\w.]+\s*(?:[-+*/%|&^]|<<|>>|&&|\|\|)?=(?!=)/.test(text)) {
    return [{ start, end, text: '', operator: 'drop assignment' }];
  }
  const guard = /^(?:nativeThrow|throw)(?:If|Unless)\s*\(/.exec(text);
  if (guard !== null) {
    // The condition may take something off a slice: then it is still evaluated, only to no effect.
    const open = start + guard[0].length - 1;
    const condition = splitAtCommas(code, { start: open + 1, end: closingOf(code, open) })[1];
    if (condition === undefined) return [];
    const reads = /\.(?:load|skip)\w*\(/.test(code.slice(condition.start, condition.end));
    const kept = reads ? `if (${source.slice(condition.start, condition.end)}) {}` : '';
    return [{ start, end, text: kept, operator: 'drop guard' }];
  }
  // Reading past a field shifts the rest of the message: no mistake that hides.
  if (/^[\w.]+\s*\(|^\w+\s*\([^;]*\)\s*\./.test(text) && !/^[\w.]*\.?(?:skip|load)\w*\s*\(/.test(text)) {
    const operator = /^(?:[\w.]*\.)?(?:require|throw|nativeThrow)\w*\s*\(/.test(text) ? 'drop guard' : 'drop call';
    return [{ start, end, text: '', operator }];
  }
  return [];
}

function within(code: string, { start, end }: Span, pattern: RegExp): RegExpMatchArray[] {
  return [...code.matchAll(pattern)].filter(({ index }) => index! >= start && index! < end);
}

function comparisons(code: string, body: Body): Edit[] {
  // The formatter puts blanks around operators, and none before the bracket that closes a type.
  const tokens = /(?<=\s)(>=|<=|==|!=|&&|\|\||(?<![<>-])[<>](?![<>=]))(?=\s)/g;
  return within(code, body, tokens).flatMap((match): Edit[] => {
    const [token] = match;
    const span = { start: match.index!, end: match.index! + token.length };
    if (token in BOUNDARY) return [{ ...span, text: BOUNDARY[token]!, operator: 'move boundary' }];
    if (token === '&&' || token === '||') {
      return [{ ...span, text: token === '&&' ? '||' : '&&', operator: 'swap and/or' }];
    }
    // A guard with its condition flipped rejects everything that was good: dropping it is the mistake that hides.
    if (isOnlyCondition(code, body, span)) return [];
    return [{ ...span, text: token === '==' ? '!=' : '==', operator: 'flip equality' }];
  });
}

/** Whether the comparison is all that a throwIf or throwUnless looks at. */
function isOnlyCondition(code: string, body: Body, edit: Span): boolean {
  const statement = body.statements.find(({ start, end }) => start <= edit.start && edit.end <= end);
  const text = statement === undefined ? '' : code.slice(statement.start, statement.end);
  return /^(?:native)?throw(?:If|Unless)\b/i.test(text) && !/&&|\|\|/.test(text);
}

/** A sum with a literal above one is a length in bits or the like: what it breaks fails at once, in every test. */
function sums(code: string, body: Body): Edit[] {
  return within(code, body, /(?<=[\w)\]])\s([+-])=?\s(?!0*(?:[2-9]|\d\d))(?=[\w(])/g).map((match) => {
    const start = match.index! + 1;
    return { start, end: start + 1, text: match[1] === '+' ? '-' : '+', operator: 'swap plus/minus' };
  });
}

function extremes(code: string, source: string, body: Body): Edit[] {
  return within(code, body, /(?<![\w.])(?:min|max)\(/g).flatMap((match) => {
    const open = match.index! + match[0].length - 1;
    const end = closingOf(code, open) + 1;
    return splitAtCommas(code, { start: open + 1, end: end - 1 }).map((argument) => ({
      start: match.index!,
      end,
      text: `(${source.slice(argument.start, argument.end)})`,
      operator: 'replace min/max' as const,
    }));
  });
}

function modes(code: string, body: Body): Edit[] {
  return within(code, body, /(?<![\w.])(?:Send|Reserve)[A-Z]\w*(?!\w|\s*[({])/g).flatMap((match): Edit[] => {
    const [flag] = match;
    const instead = MODES[flag];
    if (instead === undefined) return [];
    const span = { start: match.index!, end: match.index! + flag.length };
    const [before, after] = [code.slice(0, span.start), code.slice(span.end)];
    const operator = 'change mode' as const;
    const left = /\s*[|+]\s*$/.exec(before);
    if (left !== null) return [{ start: left.index, end: span.end, text: '', operator }];
    const right = /^\s*[|+]\s*/.exec(after);
    if (right !== null) return [{ start: span.start, end: span.end + right[0].length, text: '', operator }];
    return [{ ...span, text: instead, operator }];
  });
}

function bounces(code: string, body: Body): Edit[] {
  return within(code, body, /\.store(Non)?Bounceable\(|\bbounce: (true|false)\b/g).map((match) => {
    const [text] = match;
    const swapped: Readonly<Record<string, string>> = {
      '.storeBounceable(': '.storeNonBounceable(',
      '.storeNonBounceable(': '.storeBounceable(',
      'bounce: true': 'bounce: false',
      'bounce: false': 'bounce: true',
    };
    return { start: match.index!, end: match.index! + text.length, text: swapped[text]!, operator: 'swap bounce' };
  });
}
