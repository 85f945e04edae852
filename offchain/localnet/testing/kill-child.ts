/**
 * A local chain in a process of its own that a test kills: it pays out of the faucet as fast as it can and says after each
 * answer what was acknowledged. Arguments: state directory, first amount.
 */

import { WalletContractV5R1 } from '@ton/ton';
import pino from 'pino';
import { startLocalnet } from '../index';

async function main(): Promise<void> {
  const [stateDir = '', first = '1'] = process.argv.slice(2);
  const net = await startLocalnet({ port: 0, stateDir, logger: pino({ level: 'silent' }) });
  const to = WalletContractV5R1.create({ publicKey: Buffer.alloc(32, 5) }).address;
  for (let amount = Number(first); ; amount++) {
    const response = await fetch(`${net.url}/localnet/faucet`, {
      method: 'POST',
      body: JSON.stringify({ address: to.toString(), amount: String(amount) }),
    });
    const { result } = (await response.json()) as { result: { transaction: { lt: string; hash: string } } };
    process.stdout.write(`${JSON.stringify({ amount, ...result.transaction })}\n`);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
