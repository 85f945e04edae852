import { type Document, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { ProposalFileError } from './errors';
import { type ProposalSpec, proposalSchema } from './proposal-schema';

/** A proposal's file, checked; `lineOf` tells where something stands, for messages about what it means. */
export interface ProposalFile {
  spec: ProposalSpec;
  lineOf(path: readonly PropertyKey[]): number;
}

/**
 * Reads a proposal that somebody has written down.
 * @throws ProposalFileError naming the key and its line
 */
export function parseProposalFile(yaml: string): ProposalFile {
  const lines = new LineCounter();
  // Failsafe: every scalar stays the text that it is. A hash of digits is no number, and `no` is no boolean.
  const document = parseDocument(yaml, { schema: 'failsafe', lineCounter: lines, prettyErrors: false });
  const lineOf = (path: readonly PropertyKey[]) => lineAt(document, lines, path);
  const broken = document.errors[0] ?? document.warnings[0];
  if (broken !== undefined) {
    throw new ProposalFileError('(file)', lines.linePos(broken.pos[0]).line, `is no YAML: ${broken.message}`, broken);
  }
  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    throw new ProposalFileError('(file)', 1, 'uses an alias (*name): say everything where it belongs', error);
  }
  const result = proposalSchema.safeParse(content);
  if (!result.success) throw firstIssue(result.error.issues, lineOf);
  return { spec: result.data, lineOf };
}

/** The issue that stands first in the file. */
function firstIssue(issues: readonly z.core.$ZodIssue[], lineOf: ProposalFile['lineOf']): ProposalFileError {
  const located = issues.map((issue) => {
    const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]!] : issue.path;
    return { issue, path, line: lineOf(path) };
  });
  const first = located.reduce((a, b) => (b.line < a.line ? b : a));
  return new ProposalFileError(keyText(first.path), first.line, detailOf(first.issue));
}

function detailOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return 'there is no such key here';
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) return 'is missing';
  if (issue.code === 'invalid_union') return 'there is no such type of action';
  return issue.message;
}

/** `actions[1].amount` */
export function keyText(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return text.replace(/^\./, '') || '(file)';
}

/** Line of a value, or, where it is missing, of what should have it. */
function lineAt(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number {
  for (let length = path.length; length >= 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true) as { range?: [number, number, number] } | undefined;
    if (node?.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}
