import type { CompilerConfig } from '@ton/blueprint';

export const compile = {
  lang: 'tact',
  target: 'contracts/wallet.tact',
  // The key's commands are external messages, which Tact compiles only on request.
  options: { external: true, safety: { nullChecks: false } },
} satisfies CompilerConfig;
