import {
  type Address,
  beginCell,
  type Cell,
  external,
  internal,
  type Message,
  storeMessageRelaxed,
  toNano,
} from '@ton/core';
import { hashOf } from '../../tests/support/keys';
import { bodies, Op, type OpName, signedEnvelope, voucherPayload, walletExternal } from '../../wrappers';
import {
  CocoonState,
  type ContractName,
  type GasWorld,
  knownHash,
  NOW,
  newcomerHash,
  proxyKey,
  walletKey,
} from './world';

/** One measured operation: brings the world into position if it has to, and returns the message that sets it off. */
export interface GasOperation {
  name: string;
  message(world: GasWorld): Promise<Message> | Message;
}

const queryId = 0x1122334455667788n;
/** More than any operation needs: what is left comes back and is no fee. */
const value = toNano('0.7');

type Person = 'rootOwner' | 'proxyOwner' | 'clientOwner' | 'workerOwner' | 'walletOwner';

/** `who` sends `body` to `contract` with 0.7 TON and `amount` on top. */
function send(who: Person, contract: ContractName, body: (excessesTo: Address, world: GasWorld) => Cell, amount = 0n) {
  return (world: GasWorld): Message => {
    const from = world.addresses[who];
    return world.from(from, world.addresses[contract], value + amount, body(from, world));
  };
}

/** `who` delivers a voucher of the proxy's key to `contract`. */
function deliver(who: Person, contract: ContractName, op: OpName, tokens?: bigint) {
  return send(who, contract, (excessesTo, world) => {
    const payload = voucherPayload({ op: Op[op], queryId, tokens, contract: world.addresses[contract] });
    return signedEnvelope({ op: Op[op], queryId, excessesTo, signature: proxyKey.sign(payload.hash()), payload });
  });
}

function rootOperation(name: string, body: Cell | ((world: GasWorld) => Cell)): GasOperation {
  const make = typeof body === 'function' ? body : () => body;
  return { name: `root.${name}`, message: send('rootOwner', 'root', (_, world) => make(world)) };
}

function walletSend(count: number) {
  return (world: GasWorld): Message => {
    const { wallet, walletOwner } = world.addresses;
    const message = internal({ to: walletOwner, value: toNano('1'), bounce: true });
    const body = walletExternal({
      seqno: 7,
      validUntil: NOW + 3600,
      messages: Array.from({ length: count }, () => ({ mode: 1, message })),
      sign: walletKey.sign,
    });
    return external({ to: wallet, body });
  };
}

const hash = newcomerHash('image');

const root: GasOperation[] = [
  rootOperation('add_worker_type', bodies.rootAddWorkerType({ queryId, hash })),
  {
    name: 'root.add_worker_type (empty dict)',
    async message(world) {
      await world.setRoot({ workerHashes: new Set() });
      return send('rootOwner', 'root', () => bodies.rootAddWorkerType({ queryId, hash }))(world);
    },
  },
  rootOperation('del_worker_type', bodies.rootDelWorkerType({ queryId, hash: knownHash('worker image 0') })),
  rootOperation('add_model_type', bodies.rootAddModelType({ queryId, hash: newcomerHash('model') })),
  rootOperation('del_model_type', bodies.rootDelModelType({ queryId, hash: knownHash('model 2') })),
  rootOperation('add_proxy_type', bodies.rootAddProxyType({ queryId, hash })),
  rootOperation('del_proxy_type', bodies.rootDelProxyType({ queryId, hash: knownHash('proxy image 1') })),
  rootOperation('register_proxy', bodies.rootRegisterProxy({ queryId, endpoint: '10.0.0.9:5222 10.0.0.9:5223' })),
  rootOperation('unregister_proxy', bodies.rootUnregisterProxy({ queryId, seqno: 4 })),
  rootOperation('update_proxy', bodies.rootUpdateProxy({ queryId, seqno: 4, endpoint: '10.0.0.9:5222 10.0.0.9:5223' })),
  rootOperation('change_price', bodies.rootChangePrice({ queryId, pricePerToken: 30n, workerFeePerToken: 28n })),
  rootOperation(
    'change_params',
    bodies.rootChangeParams({
      queryId,
      pricePerToken: 30n,
      workerFeePerToken: 28n,
      proxyDelayBeforeClose: 90_000,
      clientDelayBeforeClose: 40_000,
      minProxyStake: toNano('20'),
      minClientStake: toNano('10'),
    }),
  ),
  rootOperation('upgrade_contracts', ({ codes }) =>
    bodies.rootUpgradeContracts({
      queryId,
      proxyCode: codes.client,
      workerCode: codes.proxy,
      clientCode: codes.worker,
    }),
  ),
  rootOperation('upgrade_code', ({ codes }) => bodies.rootUpgrade({ queryId, code: codes.proxy })),
  rootOperation('upgrade_full', ({ codes }) =>
    bodies.rootUpgradeFull({ queryId, data: beginCell().storeUint(1, 8).endCell(), code: codes.proxy }),
  ),
  rootOperation('reset', bodies.rootReset({ queryId })),
  rootOperation('change_owner', ({ addresses }) => bodies.rootChangeOwner({ queryId, newOwner: addresses.proxyOwner })),
  {
    name: 'root.reject non-owner',
    message: send('proxyOwner', 'root', () => bodies.rootAddWorkerType({ queryId, hash })),
  },
];

const proxy: GasOperation[] = [
  {
    name: 'proxy.payout (ext_proxy_payout_request)',
    message: send('proxyOwner', 'proxy', (excessesTo) => bodies.extProxyPayoutRequest({ queryId, excessesTo })),
  },
  {
    name: 'proxy.increase_stake',
    message: send(
      'proxyOwner',
      'proxy',
      (excessesTo) => bodies.extProxyIncreaseStake({ queryId, amount: toNano('5'), excessesTo }),
      toNano('5'),
    ),
  },
  {
    name: 'proxy.owner_close',
    message: send('proxyOwner', 'proxy', (excessesTo) => bodies.ownerProxyClose({ queryId, excessesTo })),
  },
  { name: 'proxy.text_c (close)', message: send('proxyOwner', 'proxy', () => bodies.text('c')) },
  { name: 'proxy.text_w (withdraw)', message: send('proxyOwner', 'proxy', () => bodies.text('w')) },
  { name: 'proxy.close_request_signed', message: deliver('proxyOwner', 'proxy', 'extProxyCloseRequestSigned') },
  {
    name: 'proxy.close_complete_signed',
    async message(world) {
      await world.setProxy({ state: CocoonState.closing, unlockTs: NOW });
      return deliver('proxyOwner', 'proxy', 'extProxyCloseCompleteRequestSigned')(world);
    },
  },
  {
    name: 'proxy.do_not_process (save state)',
    message: send('proxyOwner', 'proxy', () => bodies.saveState({ queryId, seqno: 1, uniqueHash: hash })),
  },
];

const topUp = (excessesTo: Address) => bodies.extClientTopUp({ queryId, amount: toNano('20'), excessesTo });
const requestRefund = (excessesTo: Address) => bodies.ownerClientRequestRefund({ queryId, excessesTo });
const secretHash = hashOf('secret');

const client: GasOperation[] = [
  { name: 'client.top_up', message: send('clientOwner', 'client', topUp, toNano('20')) },
  {
    name: 'client.top_up while proxy closing',
    async message(world) {
      await world.setProxy({ state: CocoonState.closing, unlockTs: NOW + 86_400 });
      return send('clientOwner', 'client', topUp, toNano('20'))(world);
    },
  },
  {
    name: 'client.change_secret_and_top_up',
    message: send(
      'clientOwner',
      'client',
      (excessesTo) =>
        bodies.ownerClientChangeSecretHashAndTopUp({ queryId, amount: toNano('20'), secretHash, excessesTo }),
      toNano('20'),
    ),
  },
  {
    name: 'client.register',
    message: send('clientOwner', 'client', (excessesTo) =>
      bodies.ownerClientRegister({ queryId, nonce: queryId, excessesTo }),
    ),
  },
  {
    name: 'client.change_secret',
    message: send('clientOwner', 'client', (excessesTo) =>
      bodies.ownerClientChangeSecretHash({ queryId, secretHash, excessesTo }),
    ),
  },
  {
    name: 'client.increase_stake',
    message: send('clientOwner', 'client', (excessesTo) =>
      bodies.ownerClientIncreaseStake({ queryId, newStake: toNano('20'), excessesTo }),
    ),
  },
  {
    name: 'client.withdraw',
    message: send('clientOwner', 'client', (excessesTo) => bodies.ownerClientWithdraw({ queryId, excessesTo })),
  },
  {
    name: 'client.request_refund stage 1 (balance > stake)',
    message: send('clientOwner', 'client', requestRefund),
  },
  {
    name: 'client.request_refund stage 1 (balance <= stake)',
    async message(world) {
      await world.setClient({ balance: toNano('15') });
      return send('clientOwner', 'client', requestRefund)(world);
    },
  },
  {
    name: 'client.request_refund stage 2 (force)',
    async message(world) {
      await world.setClient({ balance: toNano('5'), state: CocoonState.closing, unlockTs: NOW - 1 });
      return send('clientOwner', 'client', requestRefund)(world);
    },
  },
  { name: 'client.charge_signed', message: deliver('proxyOwner', 'client', 'extClientChargeSigned', 100_000_000n) },
  {
    name: 'client.grant_refund_signed',
    message: deliver('proxyOwner', 'client', 'extClientGrantRefundSigned', 100_000_000n),
  },
];

const worker: GasOperation[] = [
  {
    name: 'worker.register',
    message: send('workerOwner', 'worker', (excessesTo) => bodies.ownerWorkerRegister({ queryId, excessesTo })),
  },
  {
    name: 'worker.payout_signed',
    message: deliver('workerOwner', 'worker', 'extWorkerPayoutRequestSigned', 100_000_000n),
  },
  {
    name: 'worker.last_payout_signed',
    message: deliver('workerOwner', 'worker', 'extWorkerLastPayoutRequestSigned', 100_000_000n),
  },
];

const wallet: GasOperation[] = [
  { name: 'wallet.external send x1', message: walletSend(1) },
  { name: 'wallet.external send x4', message: walletSend(4) },
  {
    name: 'wallet.owner_send (internal)',
    message: send('walletOwner', 'wallet', (owner) =>
      bodies.ownerWalletSendMessage({
        queryId,
        mode: 1,
        message: beginCell()
          .store(storeMessageRelaxed(internal({ to: owner, value: toNano('1'), bounce: true })))
          .endCell(),
      }),
    ),
  },
  { name: 'wallet.text_b (block)', message: send('walletOwner', 'wallet', () => bodies.text('b')) },
  { name: 'wallet.text_u (unblock)', message: send('walletOwner', 'wallet', () => bodies.text('u')) },
  { name: 'wallet.text_w (withdraw)', message: send('walletOwner', 'wallet', () => bodies.text('w')) },
];

/** Every user operation of the network, by the names of the comparison with the existing implementations. */
export const operations: readonly GasOperation[] = [...root, ...proxy, ...client, ...worker, ...wallet];
