import { isFinal } from '@cocoon/sdk';
import { CliError } from '../errors';
import { type DaoContext, refused } from './context';
import { ExitCode } from './exit-codes';
import { readProposal } from './proposals';
import { executableAt, queuedBefore, type Rehearsal, rehearse } from './rehearsal';
import { type Row, rows, toJson, ton, when } from './text';

/**
 * What an execution would do: now, and, where other operations are queued before it, when its time has come and theirs have been carried
 * out. @throws CliError where something in it fails
 */
export async function simulateProposal(context: DaoContext, id: number): Promise<void> {
  const proposal = await readProposal(context, id);
  if (isFinal(proposal.state)) throw refused(`Proposal ${id} is ${proposal.state}.`, 'Nothing will be executed.');
  if (proposal.payload.actions === null)
    throw refused(`Proposal ${id} has no actions.`, 'There is nothing to simulate.');
  const eta = await executableAt(context, proposal);
  const first = await queuedBefore(context, id, eta);
  const runs: { now: Rehearsal; later?: Rehearsal } = {
    now: await rehearse(context, proposal, { at: context.now, first: [] }),
  };
  if (first.length > 0) runs.later = await rehearse(context, proposal, { at: eta, first });
  if (context.json) context.print(toJson({ id, ...runs }));
  else {
    context.print(`Proposal ${id}, on the chain as it is now\n${text(runs.now)}`);
    if (runs.later) {
      context.print(`\nProposal ${id}, ${when(eta, context.now)}, after what is queued before it\n${text(runs.later)}`);
    }
  }
  const wrong = Object.values(runs).flatMap(problems);
  if (wrong.length === 0) return;
  throw new CliError(`It would not do all that it says: ${wrong.join('; ')}.`, 'See docs/errors.md for the codes.', {
    exitCode: ExitCode.failed,
  });
}

function problems({ vault, actions }: Rehearsal): string[] {
  if (!vault.ok) return [`the Vault does not execute it (${vault.outcome})`];
  return actions
    .filter(({ ok }) => !ok)
    .map(({ index, op, target, outcome }) => {
      return `action ${index + 1}, ${op} to ${target}: ${outcome}`;
    });
}

function text({ before, vault, actions, root, balances, codes, gas }: Rehearsal): string {
  const parts = before.map(({ id, ok, outcome }) => `  first proposal ${id}: ${ok ? 'executed' : outcome}`);
  parts.push(`  Vault: ${vault.outcome}, ${vault.gas} gas`);
  for (const { index, op, target, to, exitCode, outcome, gas: used } of actions) {
    const code = exitCode === null ? '' : `, exit code ${exitCode}`;
    parts.push(`  ${index + 1}. ${op} -> ${target} ${to}: ${outcome}${code}, ${used} gas`);
  }
  parts.push(`  gas in all: ${gas}`);
  const changes = root.map(({ field, before: old, after }): Row => [field, `${old} -> ${after}`]);
  parts.push(changes.length === 0 ? 'Root: nothing changes' : `Root\n${rows(changes)}`);
  const moved = balances.filter(({ before: old, after }) => old !== after);
  const coins = moved.map(({ name, address, before: old, after }): Row => {
    return [`${name} ${address}`, `${ton(old)} -> ${ton(after)}`];
  });
  if (coins.length > 0) parts.push(`Balances\n${rows(coins)}`);
  for (const change of codes) parts.push(`! NEW CODE: ${change}`);
  return parts.join('\n');
}
