/**
 * What the governance part of the SDK throws. `shortMessage` says what is wrong and what to do about it, `metaMessages` give
 * the circumstances with their units, `code` is stable. Nothing here gets better by trying again.
 */
export abstract class GovernanceError extends Error {
  abstract readonly code: string;
  readonly shortMessage: string;
  readonly metaMessages: readonly string[];
  readonly docsPath: string;
  readonly retryable = false;

  constructor(shortMessage: string, opts: { meta?: readonly string[]; docsPath?: string; cause?: unknown } = {}) {
    const meta = opts.meta ?? [];
    super([shortMessage, ...meta].join('\n'), opts.cause === undefined ? undefined : { cause: opts.cause });
    this.name = new.target.name;
    this.shortMessage = shortMessage;
    this.metaMessages = meta;
    this.docsPath = opts.docsPath ?? 'docs/governance.md';
  }
}

/** A time or a number that the DAO cannot express. */
export class TimeRangeError extends GovernanceError {
  readonly code = 'TIME_RANGE';
}

/** Nobody has told the registry of this operation. */
export class UnknownActionError extends GovernanceError {
  readonly code = 'UNKNOWN_ACTION';
  readonly action: string;

  constructor(action: string) {
    super(`there is no operation "${action}". Name one of the registry, or add its definition to it`);
    this.action = action;
  }
}

/** A body that has a known operation code and not its layout. */
export class ActionFormatError extends GovernanceError {
  readonly code = 'ACTION_FORMAT';
  readonly action: string;
  /** path such as `params.scope.root`; `(end)` for what is left over */
  readonly field: string;

  constructor(action: string, field: string, detail: string, cause?: unknown) {
    super(`${action}: field ${field}: ${detail}. Its target would throw; build the body with encodeAction`, { cause });
    this.action = action;
    this.field = field;
  }
}

/** A value that its field cannot hold, or that is missing. */
export class ActionFieldError extends GovernanceError {
  readonly code = 'ACTION_FIELD';
  readonly action: string;
  readonly field: string;

  constructor(action: string, field: string, detail: string) {
    super(`${action}: field ${field}: ${detail}`);
    this.action = action;
    this.field = field;
  }
}

/** Something in a proposal's file. `key` is the path, such as `actions[1].amount`; `line` counts from 1. */
export class ProposalFileError extends GovernanceError {
  readonly code = 'PROPOSAL_FILE';
  readonly key: string;
  readonly line: number;
  readonly detail: string;

  constructor(key: string, line: number, detail: string, cause?: unknown) {
    super(`line ${line}: ${key}: ${detail}`, { docsPath: 'docs/governance-tools.md', cause });
    this.key = key;
    this.line = line;
    this.detail = detail;
  }
}
