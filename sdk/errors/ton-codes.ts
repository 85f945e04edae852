/** Codes that error messages of the network carry. */

export const TonCode = {
  failure: 601,
  error: 602,
  warning: 603,
  protocolViolation: 621,
  notReady: 651,
  timeout: 652,
  cancelled: 653,
} as const;
export type TonCode = (typeof TonCode)[keyof typeof TonCode];
