import { CocoonState, CocoonWorker, Op, repackVoucher, VoucherError, verifyVoucher } from '@cocoon/sdk';
import { parse } from '../arguments';
import { tonAmount } from '../format';
import { readBocFile } from '../key-files';
import { ScriptError } from '../script-error';
import { requireState } from './guards';
import { nothingToDo, type Verb } from './verb';

const { normal } = CocoonState;
const REOPEN = 'reopenWorker opens it again.';

export const registerWorker: Verb<'worker'> = {
  contract: 'worker',
  summary: 'makes the worker known to its proxy',
  keys: [],
  who: 'owner',
  prepare({ address, actor, data }) {
    requireState('worker', data.state, [normal], REOPEN);
    return {
      label: 'tell the proxy of the worker',
      message: CocoonWorker.buildRegister(address, { excessesTo: actor }),
      fields: [['excesses to', actor.toString()]],
    };
  },
};

export const payoutWorker: Verb<'worker'> = {
  contract: 'worker',
  summary: "cashes in a voucher of the proxy (a BoC as bytes, hex or base64): the worker's part goes to its owner",
  keys: ['voucherFile'],
  who: 'anyone',
  async prepare({ address, actor, data, prompts }) {
    const path = await prompts.need('voucherFile', 'payout voucher signed by the proxy', parse.text);
    const voucher = readPayout(path);
    if (voucher.tokens <= data.tokens) {
      return nothingToDo(`The voucher's ${voucher.tokens} tokens are paid: the worker is at ${data.tokens}.`);
    }
    requireState('worker', data.state, [normal], REOPEN);
    return {
      label: `cash in ${tonAmount((voucher.tokens - data.tokens) * data.params.workerFeePerToken)}`,
      message: CocoonWorker.buildPayout(address, { excessesTo: actor, ...voucher.signed }),
      fields: [
        ['tokens', `${data.tokens} → ${voucher.tokens}`],
        ['excesses to', actor.toString()],
      ],
      isDone: (worker) => worker.tokens >= voucher.tokens,
    };

    function readPayout(file: string) {
      try {
        const ops = [Op.extWorkerPayoutRequestSigned];
        const opts = { publicKey: data.publicKey, contract: address, ops };
        const { tokens, queryId, envelope } = verifyVoucher(
          repackVoucher(readBocFile('voucherFile', file), actor),
          opts,
        );
        return { tokens, signed: { queryId, signature: envelope.signature, payload: envelope.payloadCell } };
      } catch (error) {
        if (!(error instanceof VoucherError)) throw error;
        throw new ScriptError(
          `voucherFile: ${file}: ${error.message}.`,
          'Take the newest voucher of this worker and proxy.',
        );
      }
    }
  },
};

export const reopenWorker: Verb<'worker'> = {
  contract: 'worker',
  summary: 'opens a closed worker again',
  keys: [],
  who: 'owner',
  prepare({ address, actor, data }) {
    if (data.state === normal) return nothingToDo('The worker is open.');
    return {
      label: 'open the worker again',
      message: CocoonWorker.buildReopen(address, { excessesTo: actor }),
      fields: [['excesses to', actor.toString()]],
      isDone: (worker) => worker.state === normal,
    };
  },
};
