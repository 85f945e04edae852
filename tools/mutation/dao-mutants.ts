import type { Mutant } from './mutants';

/**
 * The mistakes that the DAO's design calls fatal, each made wherever the contracts could make it. "Drop sender check" is not here: it
 * is every guard that isSenderGuard knows, and guards are all dropped anyway.
 */
export const listed = [
  'drop nonce compare',
  '<= for < at end',
  'label without +1',
  'label not max',
  'skip L3',
  'skip ack',
  'executed flag after sends',
  'mode without 16',
  'class default normal',
  'quorum on yes+no',
  'current total for total0',
  'veto absolute',
  'pause unlimited',
  'no hash check',
] as const;

interface Change {
  name: (typeof listed)[number];
  /** In contracts/dao, without the ending. */
  file: string;
  /** Occurs once in the file. */
  find: string;
  put: string;
}

const change = (name: Change['name'], file: string, find: string, put: string): Change => ({ name, file, find, put });

const changes: readonly Change[] = [
  change('drop nonce compare', 'stake-voting', 'receipt.pending && (receipt.nonce == msg.nonce)', 'receipt.pending'),
  change('drop nonce compare', 'stake-voting', 'receipt.pending && receipt.nonce == nonce', 'receipt.pending'),

  change('<= for < at end', 'proposal', 'now() >= tally.endAt', 'now() > tally.endAt'),
  change('<= for < at end', 'vault-operations', 'now() < operation.expires', 'now() <= operation.expires'),
  change(
    '<= for < at end',
    'proposal-ending',
    'STATUS_PASSED && now() < terms.finalizeBy);',
    'STATUS_PASSED && now() <= terms.finalizeBy);',
  ),
  change('<= for < at end', 'vault-guardian', 'now() < powers.guardianUntil', 'now() <= powers.guardianUntil'),

  change('label without +1', 'labels', 'max(today + 1, min(', 'max(today, min('),
  change('label without +1', 'dao', 'self.epoch + 1 + params.warmup', 'self.epoch + params.warmup'),

  change(
    'label not max',
    'labels',
    'let label = max(today + 1, min(top, today + 1 + LONGEST_WARMUP));',
    'let label = today + 1;',
  ),
  change('label not max', 'labels', 'top = max(top, label);', 'top = label;'),

  change(
    'skip L3',
    'stake-voting',
    '(msg.epoch <= today) && (msg.epoch + HORIZON_EPOCHS >= today)',
    'msg.epoch + HORIZON_EPOCHS >= today',
  ),

  change('skip ack', 'stake-voting', 'throwIf(ERR_VOTE_PENDING, receipt.pending && (now() < receipt.endsBy));', ''),
  change('skip ack', 'stake-voting', '.storeBool(true)', '.storeBool(false)'),
  change('skip ack', 'stake-delegation', 'more.busy = DELEGATING;', ''),
  change('skip ack', 'stake-delegation', 'more.busy = UNDELEGATING;', ''),
  change('skip ack', 'stake', 'more.busy = UNDELEGATING;', ''),
  change('skip ack', 'stake-sending', 'more.busy = UNDELEGATING;', ''),

  change('executed flag after sends', 'vault', 'operation.state = OPERATION_DONE;', ''),
  change(
    'executed flag after sends',
    'vault',
    'self.operations = withOperation(operation, msg.id, self.operations);\n',
    '\n',
  ),
  change(
    'executed flag after sends',
    'vault',
    `operation.state = OPERATION_DONE;
        self.operations = withOperation(operation, msg.id, self.operations);
        let sent = sendActions(msg.actions, self.root);`,
    `let sent = sendActions(msg.actions, self.root);
        operation.state = OPERATION_DONE;
        self.operations = withOperation(operation, msg.id, self.operations);`,
  ),

  change('mode without 16', 'vault-actions', 'init), PAY_OR_BOUNCE)', 'init), SendPayFwdFeesSeparately)'),
  change(
    'mode without 16',
    'stake-sending',
    'VALUE_OR_BOUNCE: Int = SendRemainingValue + SendBounceIfActionFail',
    'VALUE_OR_BOUNCE: Int = SendRemainingValue',
  ),
  change(
    'mode without 16',
    'stake-sending',
    'BALANCE_OR_BOUNCE: Int = SendRemainingBalance + SendBounceIfActionFail',
    'BALANCE_OR_BOUNCE: Int = SendRemainingBalance',
  ),

  change(
    'class default normal',
    'classes',
    `if (value > MOST_FOR_ROOT || body == null || !isListing(body!!)) {
                klass = CLASS_CRITICAL;
            }`,
    '',
  ),
  change(
    'class default normal',
    'classes',
    `if (body != null && !isNothing(body!!)) {
                klass = CLASS_CRITICAL;
            }`,
    '',
  ),
  change(
    'class default normal',
    'classes',
    `if (init != null || to == dao || to == vault) {
            klass = CLASS_CRITICAL;`,
    'if (init != null || to == dao || to == vault) {',
  ),
  change(
    'class default normal',
    'classes',
    'return op == RootRegisterProxy.opcode()',
    'return true || op == RootRegisterProxy.opcode()',
  ),
  change(
    'class default normal',
    'classes',
    'return transfers > transferCap ? CLASS_CRITICAL : klass;',
    'return klass;',
  ),
  change('class default normal', 'vault', 'let critical = msg.klass != 0;', 'let critical = msg.klass == 1;'),

  change(
    'quorum on yes+no',
    'tally',
    'return hasQuorum(terms, yes, abstain) &&',
    'return hasQuorum(terms, yes, no) &&',
  ),
  change(
    'quorum on yes+no',
    'proposal-ending',
    'hasQuorum(terms, tally.yes, tally.abstain)',
    'hasQuorum(terms, tally.yes, tally.no)',
  ),

  change('current total for total0', 'dao-proposing', 'total: self.startTotal,', 'total: self.total,'),
  change(
    'current total for total0',
    'dao-proposing',
    `shareOf(
                    self.startTotal,`,
    `shareOf(
                    self.total,`,
  ),
  change(
    'current total for total0',
    'dao-proposing',
    'shareOf(self.startTotal, params.thresholdBps',
    'shareOf(self.total, params.thresholdBps',
  ),
  change(
    'current total for total0',
    'dao-proposing',
    'let today = epochAt(now());\n        if (today > self.epoch) {',
    'let today = epochAt(now());\n        if (today >= self.epoch) {',
  ),
  change(
    'current total for total0',
    'dao',
    'self.roll();\n        self.total += msg.amount;',
    'self.total += msg.amount;',
  ),
  change(
    'current total for total0',
    'dao',
    'self.roll();\n        self.total -= msg.amount;',
    'self.total -= msg.amount;',
  ),
  change(
    'current total for total0',
    'dao',
    'DaoParams.fromCell(self.params), self.startTotal);',
    'DaoParams.fromCell(self.params), self.total);',
  ),

  change(
    'veto absolute',
    'vault-guardian',
    'throwIf(ERR_UNVETOABLE, operation.unvetoable || wasVetoed(operation.actionsHash, powers.vetoed));',
    '',
  ),
  change(
    'veto absolute',
    'vault-guardian',
    'operation.unvetoable || wasVetoed(operation.actionsHash, powers.vetoed)',
    'wasVetoed(operation.actionsHash, powers.vetoed)',
  ),
  change(
    'veto absolute',
    'vault-guardian',
    'operation.unvetoable || wasVetoed(operation.actionsHash, powers.vetoed)',
    'operation.unvetoable',
  ),
  change(
    'veto absolute',
    'vault',
    'unvetoable: wasVetoed(msg.actionsHash, VaultPowers.fromCell(self.powers).vetoed),',
    'unvetoable: false,',
  ),
  change('veto absolute', 'vault-guardian', 'powers.vetoed = withVeto(operation.actionsHash, powers.vetoed);', ''),

  change('pause unlimited', 'vault-guardian', 'msg.seconds > 0 && msg.seconds <= LONGEST_PAUSE', 'msg.seconds > 0'),
  change(
    'pause unlimited',
    'vault-guardian',
    'throwUnless(ERR_GUARDIAN_LIMIT, powers.lastPause + PAUSE_INTERVAL <= now());',
    '',
  ),
  change('pause unlimited', 'vault-guardian', 'powers.lastPause = now();', ''),
  change('pause unlimited', 'vault-guardian', 'min(now() + msg.seconds, powers.guardianUntil)', 'now() + msg.seconds'),

  change('no hash check', 'vault', 'throwUnless(ERR_WRONG_ACTIONS, msg.actions.hash() == operation.actionsHash);', ''),
];

const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim() || '(nothing)';

/** The listed mutants. Throws where the sources have moved on and the list has not. */
export function namedMutants(sources: ReadonlyMap<string, Buffer>): Mutant[] {
  return changes.map(({ name, file: base, find, put }) => {
    const file = `dao/${base}.tact`;
    const source = sources.get(file)?.toString('utf8') ?? '';
    const parts = source.split(find);
    if (parts.length !== 2) {
      throw new Error(
        `dao-mutants.ts: ${file} has ${parts.length - 1} places for "${name}", not one; say where it is now:\n  ${find}`,
      );
    }
    const id = `named › ${name} › ${file} › ${oneLine(find)} → ${oneLine(put)}`;
    return { id, file, operator: 'named', source: parts.join(put) };
  });
}

/** Whether the dropped guard says who may send a message. */
export function isSenderGuard(id: string): boolean {
  return (
    id.includes(' › drop guard › ') &&
    /messageSender\(\)|sender\.|require(?:Account|Member|Vault|Open|Self|Guardian)\(/.test(id)
  );
}
