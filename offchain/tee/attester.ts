import type { Attester } from './types';

/** A machine that attests nothing: its certificate has no quote. */
export const noAttester: Attester = { kind: 'none', quote: async () => undefined };

/** For tests and local networks: the quote is the report data itself, and proves nothing. */
export const fakeAttester: Attester = { kind: 'fake_tdx', quote: async (reportData) => Buffer.from(reportData) };
