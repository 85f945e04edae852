import type { Command } from 'commander';
import { type DaoContext, openDao, type PlaceFlags, parseAddress } from './context';
import { showDelegates, showHistory } from './history';
import { withPlace } from './place';
import { parseId } from './proposals';
import { listProposals, showProposal } from './reads';
import { simulateProposal } from './simulate';
import { showStatus } from './status';
import { verifyDao } from './verify';
import { showVotes } from './votes';
import { watchDao } from './watch';
import { registerWrites } from './writes';

/** `cocoon dao …`: what a member, a guardian and anybody with a terminal can see and do. */
export function registerDao(program: Command): void {
  const dao = program.command('dao').description('read, vote, stake and propose in the DAO that owns the network');

  withPlace(dao.command('status').description('stake, rules, guardian; with --member, that member'))
    .option('--member <address>', 'wallet of a member')
    .action((flags) => reading(flags, (context) => showStatus(context, member(flags))));
  withPlace(dao.command('ls').description('proposals, newest first'))
    .option('--state <state>', 'only those: pending, active, passed, queued, ready, executed, …')
    .option('--member <address>', "also show this wallet's votes")
    .action((flags) => reading(flags, (context) => listProposals(context, flags.state, member(flags))));
  withPlace(dao.command('show <id>').description('one proposal: decoded actions, votes, times'))
    .option('--member <address>', "also show this wallet's vote")
    .action((id, flags) => reading(flags, (context) => showProposal(context, parseId(id), member(flags))));
  withPlace(dao.command('votes <id>').description('who voted how')).action((id, flags) =>
    reading(flags, (context) => showVotes(context, parseId(id))),
  );
  withPlace(dao.command('verify').description('prove from the chain that the DAO is what this release says')).action(
    (flags) => reading(flags, verifyDao),
  );
  withPlace(
    dao
      .command('simulate <id>')
      .description('what its execution would do: exit codes, changes of the root, coins, gas'),
  ).action((id, flags) => reading(flags, (context) => simulateProposal(context, parseId(id))));
  withPlace(dao.command('history').description('what happened, newest first'))
    .option('--limit <n>', 'so many events', '50')
    .option('--member <address>', 'only what this wallet did')
    .action((flags) =>
      reading(flags, (context) => showHistory(context, { limit: flags.limit, member: member(flags) })),
    );
  withPlace(dao.command('delegates').description('who votes with whose stake')).action((flags) =>
    reading(flags, showDelegates),
  );
  withPlace(dao.command('watch').description('tell what is new: proposals, quorums, turns, timelocks, the guardian'))
    .option('--interval <seconds>', 'between two looks', '60')
    .option('--state <file>', 'what was seen and is not delivered yet (default .cocoon/dao-watch-<network>.json)')
    .option('--webhook <url>', 'also post each alert there, as JSON, until it is taken')
    .option('--once', 'look once and end, for a scheduler')
    .action((flags) => reading(flags, (context) => untilStopped((signal) => watchDao(context, flags, signal))));
  registerWrites(dao);
}

async function untilStopped(act: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const end = () => stop.abort();
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const name of signals) process.once(name, end);
  try {
    await act(stop.signal);
  } finally {
    for (const name of signals) process.off(name, end);
  }
}

function member(flags: { member?: string }) {
  return flags.member === undefined ? undefined : parseAddress(flags.member, '--member');
}

export async function reading(flags: PlaceFlags, act: (context: DaoContext) => Promise<void>): Promise<void> {
  const context = await openDao(flags, (text) => process.stdout.write(`${text}\n`));
  try {
    await act(context);
  } finally {
    await context.close();
  }
}
