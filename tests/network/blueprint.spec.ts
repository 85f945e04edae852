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
  let wallet: Address;
  /** A project folder that shares everything with this one but the manifests that scripts write. */
  let project: string;

  beforeAll(async () => {
    chain = await startLocalnet({ port: 0, logger: pino({ level: 'silent' }) });
    words = await mnemonicNew(24);
    ({ address: wallet } = await OwnerWallet.fromMnemonic(words));
    const response = await fetch(`${chain.url}/localnet/faucet`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ address: wallet.toString(), amount: '100000000000' }),
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

  it('deployProxy takes the root from the manifest and stakes; its simulation reads the live chain', async () => {
    const { code, text } = await blueprint('deployProxy', [`publicKey=${'ab'.repeat(32)}`], '--mnemonic');
    expect({ code, text }).toEqual({ code: 0, text: expect.stringContaining('code hash verified') });
    expect(text).toMatch(/Simulation on the live state:\n {2}1\. you → proxy {2}empty {2}0.3 TON {2}ok/);
    expect(text).toMatch(/stake +none → 15 TON/);
  });

  it('a verb sends once: run again it finds the effect', async () => {
    const args = ['kind=worker', `hash=${'cd'.repeat(32)}`];
    const first = await blueprint('addHash', args, '--mnemonic');
    expect(first).toEqual({ code: 0, text: expect.stringMatching(/On chain now:[\s\S]*worker image +none → cdcd/) });
    const before = await status();
    expect(await blueprint('addHash', args, '--mnemonic')).toEqual({
      code: 0,
      text: expect.stringContaining('nothing to send'),
    });
    expect(await status()).toEqual(before);
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

  /** Moves with every message that the wallet sends. */
  async function status(): Promise<unknown> {
    const client = new TonClient({ endpoint: `${chain.url}/api/v2/jsonRPC` });
    return (await client.getContractState(wallet)).lastTransaction;
  }
});
