import { initialProxyData, packProxyData, rawPublicKey } from '@cocoon/sdk';
import { imaged } from '../transport/testing/imaged';
import { question, usage } from './testing/connected';
import { ROOT, testParams } from './testing/fake-chain';
import type { FakeProxyOptions } from './testing/fake-proxy';
import { Harness } from './testing/harness';

/** What a vote on the root changes for a worker, and what it does not. */

let harness: Harness;
afterEach(async () => {
  await harness.close();
});

const endpoint = () => `127.0.0.1:${harness.proxy.listener?.port}`;

/** The root as it is after a vote; the proxy stays with its contract, which is on chain. */
function vote(change: { workerFeePerToken?: bigint; pricePerToken?: bigint } = {}): void {
  const { chain, proxy } = harness;
  const data = initialProxyData({
    owner: proxy.owner,
    publicKey: rawPublicKey(proxy.key),
    root: ROOT,
    params: proxy.params,
  });
  chain.set(proxy.address, { code: proxy.params.proxyCode!, data: packProxyData(data) });
  chain.setRoot({ version: 2, params: testParams({ paramsVersion: 2, ...change }), proxies: [endpoint()] });
}

const rootVersion = () =>
  harness
    .http('/jsonstats')
    .then(({ body }) => (body.root_contract_config as { version: number } | undefined)?.version);
async function untilRead(version: number): Promise<void> {
  while ((await rootVersion()) !== version);
}
const reasons = async () => JSON.stringify((await harness.http('/readyz')).body);
const lost = () => harness.logs.filter(({ msg }) => /^leaving|connection/.test(String(msg)));

/** A request that the engine works on until it is told to finish. */
async function running() {
  let finish: () => void = () => undefined;
  harness.engine.script = async (res) => {
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    res.end(JSON.stringify({ choices: [], usage: usage(1, 1) }));
  };
  const { answer } = harness.proxy.run({ body: question });
  await harness.until(() => harness.engine.requests.length === 1);
  return { answer, finish: () => finish() };
}

describe('a proxy whose contract has older terms than the root', () => {
  it('keeps its worker, whose answers cost what that contract says', async () => {
    harness = await Harness.start();
    await harness.ready();
    harness.engine.script = (res) => void res.end(JSON.stringify({ choices: [], usage: usage(10, 5) }));
    vote({ pricePerToken: 30n, workerFeePerToken: 28n });
    await untilRead(2);
    const answer = await harness.proxy.run({ body: question }).answer;
    expect(JSON.parse(answer.body.toString()).usage.total_cost).toBe(50 * 20);
    expect(lost()).toEqual([]);
    const { body } = await harness.http('/jsonstats');
    expect(body.proxies).toMatchObject([{ params_version: 1, worker_fee_per_token: '19' }]);
  });

  it('gets its worker back after a break, although others are paid more by now', async () => {
    harness = await Harness.start();
    await harness.ready();
    vote({ pricePerToken: 30n, workerFeePerToken: 28n });
    await untilRead(2);
    harness.proxy.connection?.close();
    await harness.ready(2);
  });

  it('gets no new worker where it pays less, and the reason is told', async () => {
    harness = new Harness();
    await harness.proxy.start();
    await harness.engine.start();
    vote({ pricePerToken: 30n, workerFeePerToken: 28n });
    await harness.startWorker();
    let text = '';
    while (!text.includes('workerFeePerToken 19 < 28')) text = await reasons();
    expect(harness.proxy.compared).toBeUndefined();
  });

  it('gets a new worker where it pays no less', async () => {
    harness = new Harness();
    await harness.proxy.start();
    await harness.engine.start();
    vote({ pricePerToken: 18n, workerFeePerToken: 17n });
    harness.deployWorker();
    await harness.startWorker();
    await harness.ready();
  });
});

describe('a proxy that is taken off the registry', () => {
  it('gets what it waits for and no more, and is left once it has signed what it owes', async () => {
    let statuses = 0;
    const tamper: FakeProxyOptions['tamper'] = (answer) => {
      if (answer._ === 'worker.paymentStatus') statuses += 1;
      return answer;
    };
    harness = await Harness.start({ payment_status_interval_ms: 100 }, { tamper });
    await harness.ready();
    const { answer, finish } = await running();
    harness.chain.setRoot({ version: 2, proxies: [] });
    await harness.until(() => harness.proxy.disabled === true);
    expect((await harness.proxy.run({ body: question }).answer).error?.text).toContain('is leaving this proxy');
    harness.proxy.counters = { signed: 0n, db: 9n, max: 9n };
    finish();
    expect((await answer).final?.tokensUsed.totalTokensUsed).toBe(9n);
    const before = statuses;
    await harness.until(() => statuses >= before + 3);
    expect(harness.proxy.listener?.connections.size).toBe(1);
    harness.proxy.counters.signed = 9n;
    await harness.until(() => harness.proxy.listener?.connections.size === 0);
    const { body } = await harness.http('/jsonstats');
    expect(body.proxies).toMatchObject([{ earned_tokens_committed_to_blockchain: '9' }]);
  });
});

describe("the worker's model", () => {
  const list = (version: number, models: string[]) => harness.chain.setRoot({ version, models, proxies: [endpoint()] });

  it('is served no more once the root has dropped it, and again when it is listed, without a restart', async () => {
    harness = await Harness.start();
    await harness.ready();
    const { answer, finish } = await running();
    list(2, ['another']);
    await harness.until(() => harness.proxy.disabled === true);
    const refused = await harness.proxy.run({ body: question }).answer;
    expect(refused.error?.text).toContain("not on the root's list any more");
    // What was being served is finished; only then the proxy is left.
    finish();
    expect((await answer).final?.tokensUsed.totalTokensUsed).toBe(9n);
    await harness.until(() => harness.proxy.listener?.connections.size === 0);
    expect(await reasons()).toMatch(/the model \\"m\\" \(hash [0-9a-f]{64}\) is not on the root's list/);
    expect((await harness.http('/metrics')).body.text).toContain('cocoon_worker_model_allowed 0');

    list(3, ['m']);
    await harness.ready(2);
    expect((await harness.http('/readyz')).status).toBe(200);
    expect((await harness.http('/metrics')).body.text).toContain('cocoon_worker_model_allowed 1');
  });

  it('is not offered to anybody before it is listed', async () => {
    harness = await Harness.start({ model_name: 'new@1:2' });
    while (!(await reasons()).includes("is not on the root's list"));
    expect(harness.proxy.introduction).toBeUndefined();
    list(2, ['new@1:2']);
    await harness.ready();
  });

  it('is not held against the list where the owner says so', async () => {
    harness = await Harness.start({ model_name: 'new@1:2', check_models: false });
    await harness.ready();
  });
});

describe('a proxy whose image is attested', () => {
  const IMAGE = Buffer.alloc(32, 0xaa);
  const allow = (version: number, images: string[]) =>
    harness.chain.setRoot({ version, proxies: [endpoint()], images });

  it("is served only while the root's list has the image", async () => {
    harness = await Harness.start({ check_proxy_hashes: true }, { security: imaged(IMAGE) });
    while (!(await reasons()).includes(`the image ${IMAGE.toString('hex')} of the proxy is not on the root's list`));
    expect(harness.proxy.introduction).toBeUndefined();
    allow(2, [IMAGE.toString('hex')]);
    await harness.ready();
    allow(3, []);
    await harness.until(() => harness.proxy.listener?.connections.size === 0);
  });
});
