import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { compileContracts, contractNames, contractTitle } from './compile-contracts';

const usage = 'usage: npm run contracts:export -- DIR   writes CocoonRoot.boc … CocoonWallet.boc (code cells) into DIR';

async function main(): Promise<void> {
  const [dir, ...rest] = process.argv.slice(2);
  if (dir === undefined || dir.startsWith('-') || rest.length > 0) throw new Error(usage);
  const code = await compileContracts();
  mkdirSync(dir, { recursive: true });
  for (const name of contractNames) {
    const boc = code[name].toBoc();
    writeFileSync(path.join(dir, `${contractTitle(name)}.boc`), boc);
    console.log(
      `${contractTitle(name).padEnd(12)} ${String(boc.length).padStart(5)} bytes  ${code[name].hash().toString('hex')}`,
    );
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
