/** The DAO without a chain: time, weights, states, classes, what actions say and how a proposal is written. No I/O. */
export * from './actions';
export { formatAmount, parseAmount } from './amounts';
export * from './classify';
export type { ChainState } from './current';
export * from './describe';
export * from './epoch';
export * from './errors';
export * from './fees';
export type { FieldDefinition, FieldType, FieldValue, FieldValues, Structs } from './fields';
export { type KnownAddress, labelOf, lookalikeOf } from './lookalike';
export * from './proposal';
export { type ActionContext, buildAction } from './proposal-actions';
export { type ProposalFile, parseProposalFile } from './proposal-file';
export { type ActionSpec, type ActionType, type ProposalSpec, proposalSchema } from './proposal-schema';
export * from './state';
export * from './tally';
export { printable, spanText, valueText } from './text';
export * from './weight';
