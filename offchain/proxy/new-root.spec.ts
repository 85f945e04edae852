import pino from 'pino';
import type { RootWatch } from '../node/root-watch';
import { RootCatchUp } from './root-catch-up';
import { TermsNotice } from './terms-notice';
import { hello, PeerWorld, workerHello } from './testing/peer-world';
import { finalInfo, httpResponse, PARAMS, quiet, runQuery } from './testing/world';

/** What a vote on the root changes for a proxy, and what it does not. */

let net: PeerWorld;
beforeEach(async () => {
  net = await PeerWorld.open();
});
afterEach(() => net.close());

const unlisted = (model: string) => `the model "${model}" is not on the root's list`;

describe('models', () => {
  it('that the root does not list are not taken, and are once it does', async () => {
    net.modelProblem = unlisted;
    const worker = await net.connect(net.ports.workerPort);
    await expect(worker.ask(workerHello())).rejects.toThrow(unlisted('demo@1:abc'));
    await worker.closed;
    net.modelProblem = () => undefined;
    await net.readyWorker();
  });

  it('that lost their place: what runs is finished, nothing new begins, and the worker may wait for its voucher', async () => {
    const worker = await net.readyWorker();
    const client = await net.readyClient();
    client.connection.send(runQuery());
    const { requestId } = await worker.next('proxy.runQueryEx');
    net.modelProblem = unlisted;
    net.peers.rootChanged();
    // Its own wish does not bring it back.
    worker.connection.send({ _: 'worker.enabledDisabled', disabled: 0 });
    await worker.ask({ _: 'worker.updatePaymentStatus' });
    client.connection.send(runQuery());
    expect((await client.next('client.queryAnswerEx')).finalInfo?.tokensUsed.totalTokensUsed).toBe(0n);
    const answer = httpResponse(200, 'hi');
    worker.connection.send({ _: 'proxy.queryAnswerEx', requestId, answer, finalInfo: finalInfo(2n, 8n) });
    expect((await client.next('client.queryAnswerEx')).finalInfo?.tokensUsed.totalTokensUsed).toBe(10n);
    expect(await worker.ask({ _: 'worker.updatePaymentStatus' })).toMatchObject({ maxTokens: 10n });
    // Once it went, it is not taken again.
    worker.connection.close();
    const again = await net.connect(net.ports.workerPort);
    await expect(again.ask(workerHello())).rejects.toThrow(unlisted('demo@1:abc'));
  });

  it('that come back while the last request runs keep their worker', async () => {
    const worker = await net.readyWorker();
    const client = await net.readyClient();
    client.connection.send(runQuery());
    const { requestId } = await worker.next('proxy.runQueryEx');
    net.modelProblem = unlisted;
    net.peers.rootChanged();
    net.modelProblem = () => undefined;
    net.peers.rootChanged();
    const final = { finalInfo: finalInfo(1n, 1n) };
    worker.connection.send({ _: 'proxy.queryAnswerEx', requestId, answer: httpResponse(), ...final });
    await client.next('client.queryAnswerEx');
    client.connection.send(runQuery());
    await worker.next('proxy.runQueryEx');
  });
});

describe('images', () => {
  it('that the root does not allow are not taken, and lose their connection with what runs there', async () => {
    const worker = await net.readyWorker();
    const client = await net.readyClient();
    client.connection.send(runQuery());
    await worker.next('proxy.runQueryEx');
    net.imageProblem = 'the image is not on the list';
    net.peers.rootChanged();
    await worker.closed;
    expect((await client.next('client.queryAnswerEx')).finalInfo).toBeDefined();
    const next = await net.connect(net.ports.workerPort);
    await expect(next.ask(workerHello())).rejects.toThrow('the image is not on the list');
  });
});

describe('a client that has seen a newer root', () => {
  it('makes this proxy look, and is served', async () => {
    const worker = await net.readyWorker();
    const client = await net.readyClient();
    net.rootOnChain = 6;
    client.connection.send(runQuery({ minConfigVersion: 6 }));
    await worker.next('proxy.runQueryEx');
    net.rootOnChain = 7;
    const other = await net.connect(net.ports.clientPort);
    expect((await other.ask(hello({}, 7)))._).toBe('client.connectedToProxy');
  });

  it('is refused when the root has no such version', async () => {
    const client = await net.readyClient();
    client.connection.send(runQuery({ minConfigVersion: 9 }));
    expect((await client.next('client.queryAnswerEx')).finalInfo?.tokensUsed.totalTokensUsed).toBe(0n);
    const other = await net.connect(net.ports.clientPort);
    await expect(other.ask(hello({}, 9))).rejects.toThrow('config version is too low');
  });

  it('may change its mind meanwhile', async () => {
    await net.readyWorker();
    const client = await net.readyClient();
    net.rootOnChain = 9;
    let read: () => void = () => undefined;
    net.rootReading = new Promise((resolve) => {
      read = resolve;
    });
    const query = runQuery({ minConfigVersion: 9 });
    client.connection.send(query);
    client.connection.send({ _: 'client.cancelQuery', requestId: query.requestId });
    await client.ask({ _: 'client.updatePaymentStatus' });
    read();
    await client.ask({ _: 'client.updatePaymentStatus' });
    expect(net.world.rootVersion).toBe(9);
    expect(net.world.relay.active).toBe(0);
  });

  it('has the root read once a second at most, and once for all', async () => {
    let now = 10_000;
    let reads = 0;
    let end: () => void = () => undefined;
    const known = { version: 1 };
    const refresh = async () => {
      reads += 1;
      await new Promise<void>((resolve) => {
        end = resolve;
      });
    };
    const catchUp = new RootCatchUp({ known, refresh } as unknown as RootWatch, () => now, quiet);
    await catchUp.atLeast(1);
    expect(reads).toBe(0);
    const both = [catchUp.atLeast(2), catchUp.atLeast(3)];
    end();
    await Promise.all(both);
    await catchUp.atLeast(2);
    expect(reads).toBe(1);
    now += 1_000;
    const again = catchUp.atLeast(2);
    end();
    await again;
    expect(reads).toBe(2);
  });

  it('does not lose its connection when the root cannot be read', async () => {
    const logs: string[] = [];
    const logger = pino({}, { write: (line: string) => logs.push(line) });
    const refresh = () => Promise.reject(new Error('endpoint away'));
    await new RootCatchUp({ known: { version: 1 }, refresh } as unknown as RootWatch, () => 5_000, logger).atLeast(2);
    expect(logs.join()).toContain('endpoint away');
  });
});

describe('newer terms at the root', () => {
  it('are told with both prices and what to do; the same or older ones are not', () => {
    let root = PARAMS;
    const notice = new TermsNotice(PARAMS, () => root);
    const logs: { msg: string; level: number }[] = [];
    const logger = pino({}, { write: (line: string) => logs.push(JSON.parse(line)) });
    notice.tell(logger);
    expect([notice.outdated, notice.text, logs]).toEqual([false, undefined, []]);
    root = { ...PARAMS, paramsVersion: 2, pricePerToken: 30n, workerFeePerToken: 28n };
    notice.tell(logger);
    expect(notice.outdated).toBe(true);
    expect(notice.text).toMatch(/version 2: 30 nanoTON per token, 28 .*version 1: 20 nanoTON per token, 19 /);
    expect(notice.text).toContain('deploy a new proxy contract');
    expect(logs).toMatchObject([{ level: 40, msg: notice.text }]);
  });
});
