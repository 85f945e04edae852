import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contractCode } from '@cocoon/sdk';
import { Address, Cell } from '@ton/core';
import { mnemonicNew } from '@ton/crypto';
import { TonClient } from '@ton/ton';
import pino from 'pino';
import { OwnerWallet } from '../../offchain/cli/up/owner-wallet';
import { type Localnet, startLocalnet } from '../../offchain/localnet';

const ROOT = join(__dirname, '..', '..');

/** The scripts as a deployer runs them: Blueprint's command, no terminal, a local chain as the network. */
describe('blueprint run on the local chain', () => {
  let chain: Localnet;
  let words: string[];
  /** A project folder that shares everything with this one but the manifests that scripts write. */
  let project: string;

  beforeAll(async () => {
    chain = await startLocalnet({ port: 0, logger: pino({ level: 'silent' }) });
    words = await mnemonicNew(24);
    const { address } = await OwnerWallet.fromMnemonic(words);
    const response = await fetch(`${chain.url}/localnet/faucet`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ address: address.toString(), amount: '10000000000' }),
    });
    expect(response.status).toBe(200);
    project = mkdtempSync(join(tmpdir(), 'cocoon-blueprint-'));
    const shared = [
      'scripts',
      'wrappers',
      'contracts',
      'sdk',
      'node_modules',
      'package.json',
      'tsconfig.json',
      'blueprint.config.ts',
    ];
    for (const name of shared) symlinkSync(join(ROOT, name), join(project, name));
  });

  afterAll(async () => {
    await chain.close();
    rmSync(project, { recursive: true, force: true });
  });

  async function blueprint(
    script: string,
    args: string[],
    wallet: '--mnemonic' | '--deeplink',
  ): Promise<{ code: number | null; text: string }> {
    const network = ['--custom', `${chain.url}/api/v2/jsonRPC`, '--custom-version', 'v2', '--tonviewer'];
    const entry = join(ROOT, 'node_modules', '.bin', 'blueprint');
    const child = spawn(process.execPath, [entry, 'run', script, ...args, ...network, wallet], {
      cwd: project,
      env: { ...process.env, WALLET_MNEMONIC: words.join(' '), WALLET_VERSION: 'v5r1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8');
      });
    }
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { code, text };
  }

  function manifest(): { root: { address: string; codeHash: string } } {
    return JSON.parse(readFileSync(join(project, 'deployments', 'custom.json'), 'utf8'));
  }

  it('deployRoot deploys without a prompt, verifies the code hash and writes the manifest', async () => {
    const { code, text } = await blueprint('deployRoot', ['test=true', 'uniqueId=7'], '--mnemonic');
    expect({ code, text }).toEqual({ code: 0, text: expect.stringContaining('code hash verified') });
    const client = new TonClient({ endpoint: `${chain.url}/api/v2/jsonRPC` });
    const state = await client.getContractState(Address.parse(manifest().root.address));
    expect(
      Cell.fromBoc(state.code as Buffer)[0]
        ?.hash()
        .toString('hex'),
    ).toBe(contractCode.root.hash);
    expect(manifest().root.codeHash).toBe(contractCode.root.hash);
  });

  it('deployRoot sends nothing when the root is there already', async () => {
    const before = await status();
    const { code, text } = await blueprint('deployRoot', ['test=true', 'uniqueId=7'], '--mnemonic');
    expect({ code, text }).toEqual({ code: 0, text: expect.stringContaining('nothing to send') });
    expect(await status()).toEqual(before);
  });

  it('showRoot reads the address from the manifest and needs no wallet', async () => {
    const { code, text } = await blueprint('showRoot', [], '--deeplink');
    expect({ code, text }).toEqual({ code: 0, text: expect.stringMatching(/unique id +7\n/) });
    expect(text).toContain('(this release)');
  });

  it.each([
    ['deployRoot', ['prize=3'], /Unknown argument prize/],
    ['deployRoot', ['workerFee=21'], /workerFee=21 exceeds price=20/],
    ['deployRoot', ['clientDelay=86400'], /proxyDelay=86400 is not above clientDelay/],
    ['showProxy', ['nonsense'], /nonsense is no address/],
  ])('%s %j fails with one line and exit code 1', async (name, args, message) => {
    const { code, text } = await blueprint(name, args, '--mnemonic');
    expect({ code, text }).toEqual({ code: 1, text: expect.stringMatching(message) });
    expect(text).not.toMatch(/\n {4}at /);
  });

  async function status(): Promise<unknown> {
    const response = await fetch(`${chain.url}/api/v2/getMasterchainInfo`);
    return ((await response.json()) as { result: { last: { seqno: number } } }).result.last.seqno;
  }
});
