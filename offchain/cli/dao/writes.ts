import { bodies } from '@cocoon/sdk';
import type { Cell } from '@ton/core';
import type { Command } from 'commander';
import { type Act, type Acting, type WriteFlags, writing } from './carry-out';
import { usage } from './context';
import { delegateAct, stakeAct, syncAct, undelegateAct, unstakeAct, voteAct, withdrawAct } from './member-acts';
import { withPlace } from './place';
import { parseId } from './proposals';
import { proposeAct } from './propose';
import { activateAct, cancelAct, executeAct, finalizeAct, pauseAct, revokeAct, topUpAct, vetoAct } from './public-acts';

type Prepare = (context: Acting) => Promise<Act> | Act;

/** Every command that sends a message. */
export function registerWrites(dao: Command): void {
  const write = (name: string, description: string) => withWrite(dao.command(name).description(description));
  const run = (flags: WriteFlags, prepare: Prepare) => writing(flags, prepare);

  write('stake <ton>', 'stake so many TON').action((ton, flags) => run(flags, (it) => stakeAct(it, ton)));
  write('unstake <ton>', 'take stake out; it can be withdrawn later').action((ton, flags) =>
    run(flags, (it) => unstakeAct(it, ton)),
  );
  write('withdraw', 'pay out what is released').action((flags) => run(flags, withdrawAct));
  write('sync', 'send again what did not arrive').action((flags) => run(flags, syncAct));
  write('delegate <address>', 'lend your votes to another member').action((to, flags) =>
    run(flags, (it) => delegateAct(it, to)),
  );
  write('undelegate', 'take your votes back').action((flags) => run(flags, undelegateAct));
  write('vote <id> [choice]', 'vote yes, no or abstain, or change your vote')
    .option('--split <y,n,a>', 'divide your weight, such as 60,30,10')
    .option('--reason <text>', 'why, for everybody to read; at most 512 bytes')
    .action((id, choice, flags) => {
      const number = parseId(id);
      return run(flags, (it) => voteAct(it, number, choice, flags));
    });
  write('propose <file>', 'make a proposal from a file in YAML or JSON').action((file, flags) =>
    run(flags, (it) => proposeAct(it, file)),
  );
  write('activate', 'make the DAO active, once it had enough stake for 7 days').action((flags) =>
    run(flags, activateAct),
  );
  const numbered = [
    ['cancel', 'end your own proposal before voting starts', cancelAct],
    ['finalize', 'settle the result of a vote that is over', finalizeAct],
    ['execute', 'carry a ready proposal out', executeAct],
  ] as const;
  for (const [name, description, act] of numbered) {
    write(`${name} <id>`, description).action((id, flags) => {
      const number = parseId(id);
      return run(flags, (it) => act(it, number));
    });
  }
  write('topup <target> <ton>', 'coins for the rent of dao, vault, stake or a proposal').action((target, ton, flags) =>
    run(flags, (it) => topUpAct(it, target, ton)),
  );
  registerGuardian(write, run);
}

function registerGuardian(
  write: (name: string, text: string) => Command,
  run: (f: WriteFlags, p: Prepare) => Promise<void>,
) {
  write('veto <id>', 'guardian: stop a queued proposal')
    .requiredOption('--reason <text>', 'why; at most 512 bytes')
    .action((id, flags) => {
      const number = parseId(id);
      return run(flags, (it) => vetoAct(it, number, flags.reason));
    });
  write('pause', 'guardian: nothing is executed for some days')
    .requiredOption('--days <n>', '1 to 7')
    .action((flags) => run(flags, (it) => pauseAct(it, flags.days)));
  write(
    'revoke <list> <entry>',
    'guardian: take a proxy-image, worker-image or model (hash), or a proxy (number) off the lists',
  ).action((list, entry, flags) => {
    const body = removal(list, entry);
    return run(flags, (it) => revokeAct(it, body));
  });
}

const REMOVALS = {
  'proxy-image': bodies.rootDelProxyType,
  'worker-image': bodies.rootDelWorkerType,
  model: bodies.rootDelModelType,
} as const;

function removal(list: string, entry: string): Cell {
  if (list === 'proxy') {
    if (!/^\d{1,9}$/.test(entry))
      throw usage(`"${entry}" is no number of a proxy.`, 'Give the number in the registry.');
    return bodies.rootUnregisterProxy({ queryId: 0n, seqno: Number(entry) });
  }
  const build = REMOVALS[list as keyof typeof REMOVALS];
  if (build === undefined) throw usage(`"${list}" is no list.`, 'Give proxy-image, worker-image, model or proxy.');
  if (!/^[0-9a-fA-F]{64}$/.test(entry)) throw usage(`"${entry}" is no hash.`, 'Give 64 hex digits.');
  return build({ queryId: 0n, hash: Buffer.from(entry, 'hex') });
}

function withWrite(command: Command): Command {
  return withPlace(command)
    .option('--wallet <file>', 'the 24 words of your wallet, in a file that only you may read')
    .option('--wallet-version <v>', 'v5 or v4', 'v5')
    .option('--member <address>', 'who acts, with --unsigned or --dry-run')
    .option('--unsigned', 'print the message for TonConnect, a multisig or another wallet; send nothing')
    .option('--dry-run', 'show the plan, send nothing')
    .option('-y, --yes', 'do not ask');
}
