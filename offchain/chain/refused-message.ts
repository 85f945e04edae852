import { ChainError } from './port';

/** Whether a server's text says that a contract did not accept an external message; no API has a code of its own for it. */
export function isRefusedMessage(text: string): boolean {
  return /cannot apply external message|not accepted|inbound external message rejected/i.test(text);
}

export function messageRejected(text: string): ChainError {
  const exitCode = /exit\s?code\s?[:=]\s?(-?\d+)/i.exec(text)?.[1];
  return new ChainError(`the contract refused the message: ${text}`, {
    code: 'message-rejected',
    retryable: false,
    ...(exitCode === undefined ? {} : { exitCode: Number(exitCode) }),
  });
}
