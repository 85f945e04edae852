import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CocoonDao,
  CocoonRoot,
  CocoonStake,
  CocoonVault,
  contractCode,
  DEFAULT_DAO_PARAMS,
  initialDaoData,
  initialVaultData,
  MAINNET_TERMS,
  rootStateInit,
} from '@cocoon/sdk';
import type { Address } from '@ton/core';
import { Cell } from '@ton/core';
import { mnemonicNew } from '@ton/crypto';
import { Command } from 'commander';
import pino from 'pino';
import { ToncenterChain } from '../../../chain/toncenter';
import { type Localnet, startLocalnet } from '../../../localnet/index';
import { CliError } from '../../errors';
import { OwnerWallet } from '../../up/owner-wallet';
import { registerDao } from '../index';
import { openWalletFile, type WalletVersion } from '../wallet';

/** For this folder's tests: a local chain with a root, a Vault that owns it, its Dao, and a member with a wallet file. */

const TON = 1_000_000_000n;
export const DAY = 86_400;
const code = (name: keyof typeof contractCode) => Cell.fromBase64(contractCode[name].boc);

export interface CliResult {
  code: number;
  out: string;
  error: string;
}

export interface Person {
  address: Address;
  file: string;
  version: WalletVersion;
}

/** What is not as it should be. */
export interface DaoNetOptions {
  /** the member stakes so much before there is a Dao: the deposit comes back to its Stake */
  earlyStake?: bigint;
  /** the root still belongs to the deployer */
  rootStays?: boolean;
  /** the Vault still obeys the deployer */
  notSetUp?: boolean;
  daoCode?: Cell;
}

export interface DaoNet {
  net: Localnet;
  chain: ToncenterChain;
  wallet: OwnerWallet;
  walletFile: string;
  manifestFile: string;
  dao: CocoonDao;
  vault: CocoonVault;
  root: CocoonRoot;
  /** `cocoon dao ARGS`, with endpoint and manifest */
  cli(...args: string[]): Promise<CliResult>;
  /** … with the member's wallet, confirmed */
  act(...args: string[]): Promise<CliResult>;
  /** … with somebody else's */
  actAs(person: Person, ...args: string[]): Promise<CliResult>;
  /** somebody with 10 000 TON and a wallet file */
  person(version?: WalletVersion): Promise<Person>;
  advance(seconds: number): Promise<void>;
  close(): Promise<void>;
}

export async function daoNet(options: DaoNetOptions = {}): Promise<DaoNet> {
  const dir = mkdtempSync(join(tmpdir(), 'cocoon-dao-'));
  const logger = pino({ level: 'silent' });
  // An hour into a UTC day: nothing happens at midnight by chance.
  const clock = Date.UTC(2026, 5, 1, 1);
  const net = await startLocalnet({ port: 0, logger, clock: () => clock });
  const endpoint = `${net.url}/api/v2/jsonRPC`;
  const chain = new ToncenterChain({ endpoint, logger });
  const walletFile = join(dir, 'wallet');
  const words = await newWalletFile(walletFile);
  const wallet = await OwnerWallet.fromMnemonic(words);
  await net.chain.faucet(wallet.address, 100_000n * TON);

  const params = {
    structVersion: 3,
    paramsVersion: 1,
    ...MAINNET_TERMS,
    isTest: true,
    proxyCode: code('proxy'),
    workerCode: code('worker'),
    clientCode: code('client'),
  };
  const rootInit = rootStateInit({ owner: wallet.address, params, rootCode: code('root'), version: 1 });
  const deployRoot = CocoonRoot.buildDeploy(rootInit);
  const root = CocoonRoot.createFromAddress(deployRoot.to);
  const vault = CocoonVault.createFromConfig(
    initialVaultData({ root: root.address, deployer: wallet.address }),
    code('vault'),
  );
  const daoParams = {
    ...DEFAULT_DAO_PARAMS,
    warmup: 0,
    thresholdFloor: 100n * TON,
    quorumFloor: 100n * TON,
    activationStake: 500n * TON,
    activationMembers: 1,
    root: root.address,
  };
  const daoCode = options.daoCode ?? code('dao');
  const dao = CocoonDao.createFromConfig(initialDaoData({ vault: vault.address, params: daoParams }), daoCode);
  if (options.earlyStake !== undefined) {
    const stake = CocoonStake.createFromConfig({ dao: dao.address, owner: wallet.address }, code('stake'));
    await wallet.send(chain, [
      CocoonStake.buildDeposit(stake.address, { amount: options.earlyStake, init: stake.init! }),
    ]);
  }
  const until = Math.floor(clock / 1000) + 300 * DAY;
  await wallet.send(chain, [
    deployRoot,
    { ...CocoonVault.buildDeploy(vault.init!), value: 100n * TON },
    CocoonDao.buildTopUp(dao.address, { init: dao.init! }),
  ]);
  const setUp = CocoonVault.buildInit(vault.address, { governor: dao.address, guardian: wallet.address, until });
  const handOver = CocoonRoot.buildChangeOwner(root.address, { newOwner: vault.address });
  const last = [...(options.notSetUp ? [] : [setUp]), ...(options.rootStays ? [] : [handOver])];
  if (last.length > 0) await wallet.send(chain, last);
  const manifestFile = join(dir, 'manifest.json');
  const entry = (address: string, name: keyof typeof contractCode) => ({ address, codeHash: contractCode[name].hash });
  writeFileSync(
    manifestFile,
    JSON.stringify({
      version: 1,
      network: 'custom',
      dao: entry(dao.address.toString(), 'dao'),
      vault: entry(vault.address.toString(), 'vault'),
    }),
  );
  let people = 0;
  const place = ['--network', 'custom', '--endpoint', endpoint, '--manifest', manifestFile];
  return {
    net,
    chain,
    wallet,
    walletFile,
    manifestFile,
    dao,
    vault,
    root,
    cli: (...args) => runCli([args[0]!, ...place, ...args.slice(1)]),
    act: (...args) => runCli([args[0]!, ...place, '--wallet', walletFile, '--yes', ...args.slice(1)]),
    actAs: ({ file, version }, ...args) =>
      runCli([args[0]!, ...place, ...['--wallet', file, '--wallet-version', version, '--yes'], ...args.slice(1)]),
    async person(version = 'v5') {
      people += 1;
      const file = join(dir, `wallet-${people}`);
      await newWalletFile(file);
      const { address } = await openWalletFile(file, version, 'custom');
      await net.chain.faucet(address, 10_000n * TON);
      return { address, file, version };
    },
    advance: async (seconds) => {
      await net.chain.advance(seconds);
    },
    close: async () => {
      await chain.close();
      await net.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function newWalletFile(path: string): Promise<string[]> {
  const words = await mnemonicNew(24);
  writeFileSync(path, `${words.join(' ')}\n`);
  chmodSync(path, 0o600);
  return words;
}

/** The command as main.ts runs it, in this process. */
export async function runCli(args: readonly string[]): Promise<CliResult> {
  const written: string[] = [];
  const failures: string[] = [];
  const capture = (to: string[]) =>
    ((chunk: string | Uint8Array) => {
      to.push(String(chunk));
      return true;
    }) as typeof process.stdout.write;
  const spies = [
    jest.spyOn(process.stdout, 'write').mockImplementation(capture(written)),
    jest.spyOn(process.stderr, 'write').mockImplementation(capture(failures)),
  ];
  const program = new Command('cocoon').exitOverride();
  registerDao(program);
  try {
    await program.parseAsync(['dao', ...args], { from: 'user' });
    return { code: 0, out: written.join(''), error: failures.join('') };
  } catch (error) {
    const { nextStep = '', message } = error as CliError;
    const exit = error instanceof CliError ? error.exitCode : 99;
    return { code: exit, out: written.join(''), error: `${failures.join('')}${message} ${nextStep}` };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
