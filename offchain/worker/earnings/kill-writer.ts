import { Address } from '@ton/core';
import { VoucherStore } from './voucher-store';

/** Started by the tests and killed at any moment: writes growing vouchers and says which are on disk. */
async function main([directory]: string[]): Promise<void> {
  const store = new VoucherStore(directory as string, (error) => {
    throw error;
  });
  const worker = new Address(0, Buffer.alloc(32, 1));
  const proxy = new Address(0, Buffer.alloc(32, 2));
  let tokens = store.get(worker)?.voucher?.tokens ?? 0n;
  for (;;) {
    tokens += 1n;
    const voucher = { data: Buffer.alloc(300, Number(tokens % 256n)), tokens };
    store.put({ proxy, proxyPublicKey: Buffer.alloc(32, 3), worker, paramsVersion: 1, voucher, committedToDb: tokens });
    await store.flush();
    process.stdout.write(`${tokens}\n`);
  }
}

void main(process.argv.slice(2));
