import {
  type BoundCheck,
  CocoonRegistrar,
  contractCode,
  daoParamChecks,
  parseRootData,
  vaultLimitChecks,
} from '@cocoon/sdk';
import type { Address } from '@ton/core';
import { CliError } from '../errors';
import { type DaoContext, openVault } from './context';
import { ExitCode } from './exit-codes';
import { opened } from './provider';
import { toJson, when } from './text';

const FIRST_TERM = 550 * 86_400;

interface Check {
  name: string;
  ok: boolean;
  detail: string;
}

function check(name: string, ok: boolean, detail: string): Check {
  return { name, ok, detail };
}

function bounds(whose: string, checks: readonly BoundCheck<string>[]): Check[] {
  return checks.map(({ field, ok, value, allowed }) =>
    check(`${whose}${field} within bounds`, ok, `${value}, allowed is ${allowed}`),
  );
}

/** Proves from the chain that the DAO is what the release says. @throws CliError when a check fails */
export async function verifyDao(context: DaoContext): Promise<void> {
  const checks = await allChecks(context);
  const failed = checks.filter(({ ok }) => !ok);
  if (context.json) {
    context.print(toJson({ ok: failed.length === 0, time: context.now, checks }));
  } else {
    for (const { name, ok, detail } of checks) context.print(`${ok ? 'ok    ' : 'FAILED'}  ${name}: ${detail}`);
  }
  if (failed.length === 0) return;
  throw new CliError(
    `${failed.length} of ${checks.length} checks failed: ${failed.map(({ name }) => name).join('; ')}.`,
    'Do not trust this DAO with stake before every line is explained.',
    { exitCode: ExitCode.failed },
  );
}

async function allChecks(context: DaoContext): Promise<Check[]> {
  const { chain, dao, info, now } = context;
  const vaultAccount = await chain.account(info.vault);
  const codes = [await codeCheck(context, 'dao', dao), await codeCheck(context, 'vault', info.vault)];
  if (vaultAccount.status !== 'active') return [...codes, check('vault is live', false, vaultAccount.status)];
  const vault = await openVault(context).getData();
  const { params } = info;
  return [
    ...codes,
    check('governor is the DAO', vault.governor?.equals(dao) ?? false, vault.governor?.toString() ?? 'nobody'),
    check(
      'initialised, the deployer has no power',
      vault.governor !== null && vault.successor === null,
      vault.successor === null ? 'nobody waits for power' : `${vault.successor} may still take over`,
    ),
    ...(await rootChecks(context, vault.root)),
    guardianCheck(vault.guardian, vault.guardianUntil, now),
    ...bounds('', daoParamChecks(params)),
    ...bounds('vault ', vaultLimitChecks(vault.limits)),
    check('root is the same in DAO and Vault', vault.root.equals(params.root), `${params.root} and ${vault.root}`),
    check(
      'critical timelock is the same in DAO and Vault',
      params.criticalTimelock === vault.limits.delayCritical,
      `${params.criticalTimelock} s and ${vault.limits.delayCritical} s`,
    ),
    ...(await exitChecks(context, vault.root, vault.limits.exitDelay)),
    ...(await registrarChecks(context, vault.registrar)),
  ];
}

async function codeCheck({ chain }: DaoContext, name: keyof typeof contractCode, at: Address): Promise<Check> {
  const { code } = await chain.account(at);
  const hash = code?.hash().toString('hex') ?? 'none';
  return check(`code of the ${name} is this release's`, hash === contractCode[name].hash, `${at} has ${hash}`);
}

async function rootChecks(context: DaoContext, root: Address): Promise<Check[]> {
  const { data } = await context.chain.account(root);
  if (data === undefined) return [check('root is live', false, `there is no contract at ${root}`)];
  const { owner } = parseRootData(data);
  return [
    await codeCheck(context, 'root', root),
    check('root belongs to the Vault', owner.equals(context.info.vault), owner.toString()),
  ];
}

async function exitChecks({ chain }: DaoContext, root: Address, exitDelay: number): Promise<Check[]> {
  const { data } = await chain.account(root);
  if (data === undefined) return [];
  const { proxyDelayBeforeClose: proxy, clientDelayBeforeClose: client } = parseRootData(data).params;
  const longest = Math.max(proxy, client);
  return [
    check("exit delay covers the root's close delays", exitDelay >= longest, `${exitDelay} s, root ${longest} s`),
  ];
}

function guardianCheck(guardian: Address | null, until: number, now: number): Check {
  if (guardian === null) return check('guardian is bounded', true, 'there is none');
  const bounded = until <= now + FIRST_TERM;
  return check('guardian is bounded', bounded, `${guardian}, term ends ${when(until, now)}`);
}

async function registrarChecks(context: DaoContext, registrar: Address | null): Promise<Check[]> {
  if (registrar === null) return [check('registrar', true, 'none: proxies are listed by vote only')];
  const { chain, info } = context;
  const account = await chain.account(registrar);
  if (account.status !== 'active') return [check('registrar is live', false, `${registrar} is ${account.status}`)];
  const { vault, terms } = await opened(chain, CocoonRegistrar.createFromAddress(registrar)).getData();
  const sound = terms.maxListings <= 256 && terms.period > 0 && terms.closeDelay > 0;
  return [
    await codeCheck(context, 'registrar', registrar),
    check('registrar obeys the Vault', vault.equals(info.vault), vault.toString()),
    check(
      "registrar's terms",
      sound,
      `stake ${terms.minStake}, rent ${terms.rent} nanoTON per ${terms.period} s, close delay ${terms.closeDelay} s, ${terms.maxListings} listings${terms.paused ? ', paused' : ''}`,
    ),
  ];
}
