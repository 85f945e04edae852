import type { CocoonParams, RegisteredProxy } from '@cocoon/sdk';
import type { RootConfig } from '../node/root-watch';
import { connectionLost, fromPeerError, GatewayError } from './errors';
import { Metrics } from './metrics';
import { ProxyPool } from './pool';
import type { ProxySlot } from './slot';
import { ProxyRefusedError } from './terms';
import { params } from './testing/fake-network';
import { final } from './testing/fake-upstream';
import { silentLogger } from './testing/start-gateway';
import type { AnswerSink, ModelInfo, UpstreamRequest } from './upstream';

/** The part of a session that the pool uses. */
class FakeSession {
  ready = true;
  activeRequests = 0;
  readonly runs: { request: UpstreamRequest; sink: AnswerSink; cancelled: boolean }[] = [];
  served: ModelInfo[] | GatewayError = [];
  terms: { params: CocoonParams } | undefined;
  /** Fails every request at once with this. */
  refuse: GatewayError | undefined;

  whenIdle = (done: () => void) => done();

  run(request: UpstreamRequest, sink: AnswerSink) {
    const run = { request, sink, cancelled: false };
    this.runs.push(run);
    if (this.refuse !== undefined) sink.failed(this.refuse);
    return {
      cancel: () => {
        run.cancelled = true;
      },
    };
  }

  async models(): Promise<ModelInfo[]> {
    if (this.served instanceof Error) throw this.served;
    return this.served;
  }
}

class FakeSlot {
  readonly target: RegisteredProxy;
  session: FakeSession | undefined = new FakeSession();
  problem: Error | undefined;
  unusable = false;
  closed = false;

  constructor(target: RegisteredProxy) {
    this.target = target;
  }

  close(): void {
    this.closed = true;
  }
}

const target = (seqno: number): RegisteredProxy => {
  const endpoint = { host: '127.0.0.1', port: 1000 + seqno };
  return { seqno, workers: endpoint, clients: endpoint };
};

function setUp(connections: number, registered: number) {
  const slots: FakeSlot[] = [];
  let proxies = Array.from({ length: registered }, (_, i) => target(i));
  const metrics = new Metrics(() => 0);
  const pool = new ProxyPool({
    connections,
    root: () => ({ version: 1, params, proxies }) as unknown as RootConfig,
    openSlot: (opened) => {
      const slot = new FakeSlot(opened);
      slots.push(slot);
      return slot as unknown as ProxySlot;
    },
    random: () => 0,
    metrics,
    logger: silentLogger,
  });
  pool.update();
  const register = (next: RegisteredProxy[]) => {
    proxies = next;
    pool.update();
  };
  const session = (i: number) => slots[i]?.session as FakeSession;
  return { pool, slots, session, register, metrics };
}

const request = { model: 'm' } as UpstreamRequest;

function sink(): AnswerSink & { log: string[] } {
  const log: string[] = [];
  return {
    log,
    head: (head) => void log.push(`head ${head.status}`),
    part: (data) => void log.push(`part ${data}`),
    failed: (error) => void log.push(`failed ${error.code}`),
  };
}

const HEAD = { status: 200, reason: 'OK', headers: [], payload: Buffer.alloc(0) };

describe('choosing proxies', () => {
  test('as many different ones as configured, and no more than there are', () => {
    expect(setUp(3, 5).slots.map((slot) => slot.target.seqno)).toEqual([0, 1, 2]);
    expect(setUp(3, 2).slots).toHaveLength(2);
  });

  test('one that has left the registry is left; one that stays unusable is replaced only when another is there', () => {
    const { slots, register } = setUp(1, 1);
    (slots[0] as FakeSlot).unusable = true;
    register([target(0)]);
    expect(slots[0]?.closed).toBe(false);
    register([target(0), target(7)]);
    expect(slots[0]?.closed).toBe(true);
    expect(slots[1]?.target.seqno).toBe(7);
    register([target(8)]);
    expect(slots[1]?.closed).toBe(true);
    expect(slots[2]?.target.seqno).toBe(8);
  });

  test('one that has left the registry finishes what it runs, gets nothing more, and is closed then', () => {
    const { pool, slots, session, register } = setUp(1, 1);
    let idle: () => void = () => undefined;
    session(0).whenIdle = (done) => {
      idle = done;
    };
    const answer = sink();
    pool.run(request, answer);
    register([target(5)]);
    expect([slots[0]?.closed, slots[1]?.target.seqno]).toEqual([false, 5]);
    pool.run(request, sink());
    expect([session(0).runs.length, session(1).runs.length]).toEqual([1, 1]);
    session(0).runs[0]?.sink.head(HEAD, final(1n));
    idle();
    expect([answer.log, slots[0]?.closed]).toEqual([['head 200'], true]);
  });

  test('closing the pool closes also one that is being left', () => {
    const { pool, slots, session, register } = setUp(1, 1);
    session(0).whenIdle = () => undefined;
    register([]);
    expect(slots[0]?.closed).toBe(false);
    pool.close();
    expect(slots[0]?.closed).toBe(true);
  });

  test('requests go to the least loaded ready one, and take turns among equals (B27)', () => {
    const { pool, session } = setUp(3, 3);
    session(0).activeRequests = 5;
    session(1).ready = false;
    pool.run(request, sink());
    expect([session(0), session(1), session(2)].map(({ runs }) => runs.length)).toEqual([0, 0, 1]);
    session(0).activeRequests = 0;
    session(1).ready = true;
    for (let i = 0; i < 6; i++) pool.run(request, sink());
    expect([session(0), session(1), session(2)].every(({ runs }) => runs.length >= 2)).toBe(true);
  });
});

describe('a request that fails before its answer begins', () => {
  test('moves to another proxy when its own is lost, and once begun it does not (B27)', () => {
    const { pool, slots, session } = setUp(2, 2);
    const answer = sink();
    pool.run(request, answer);
    const first = slots.findIndex((_, i) => session(i).runs.length === 1);
    const second = 1 - first;
    session(first).runs[0]?.sink.failed(connectionLost());
    expect(session(second).runs).toHaveLength(1);
    expect(answer.log).toEqual([]);
    session(second).runs[0]?.sink.head(HEAD, undefined);
    session(second).runs[0]?.sink.failed(connectionLost());
    expect(answer.log).toEqual(['head 200', 'failed connection_lost']);
    expect(session(first).runs).toHaveLength(1);
  });

  test('moves also when refused at once, and cancelling reaches the proxy it ended up with', () => {
    const { pool, slots, session } = setUp(2, 2);
    for (const i of [0, 1]) session(i).refuse = fromPeerError(651, 'no workers for model m', 'm');
    const refused = sink();
    pool.run(request, refused);
    expect(refused.log).toEqual(['failed no_worker']);

    session(1).refuse = undefined;
    session(1).activeRequests = 9; // so that the refusing one is asked first
    const answer = sink();
    const running = pool.run(request, answer);
    expect(answer.log).toEqual([]);
    running.cancel();
    expect(session(1).runs.at(-1)?.cancelled).toBe(true);
    session(1).runs.at(-1)?.sink.head(HEAD, final(1n));
    expect(answer.log).toEqual([]);
    expect(slots).toHaveLength(2);
  });

  test('a refusal in the form of an answer moves too; the first one is shown when nobody does better', () => {
    const { pool, session } = setUp(2, 2);
    const answer = sink();
    pool.run(request, answer);
    const [first, second] = session(0).runs.length === 1 ? [0, 1] : [1, 0];
    session(first).runs[0]?.sink.head({ ...HEAD, status: 503 }, final(0n));
    session(second).runs[0]?.sink.head({ ...HEAD, status: 402 }, final(0n));
    expect(answer.log).toEqual(['head 503']);
  });

  test('what no other proxy would do better is not tried elsewhere', () => {
    const { pool, session } = setUp(2, 2);
    for (const i of [0, 1]) session(i).refuse = fromPeerError(652, 'timeout in proxy', 'm');
    const answer = sink();
    pool.run(request, answer);
    expect(session(0).runs.length + session(1).runs.length).toBe(1);
    expect(answer.log).toEqual(['failed timeout']);
  });
});

describe('when nothing is ready', () => {
  test.each([
    [
      new ProxyRefusedError('wallet_underfunded', 'the client wallet has 0 TON; send 17 TON to UQx'),
      402,
      'wallet_underfunded',
    ],
    [new ProxyRefusedError('channel_closed', 'the channel is closed for good'), 503, 'channel_closed'],
    [new ProxyRefusedError('channel_closing', 'the channel is closing'), 503, 'channel_closed'],
    [new ProxyRefusedError('wrong_network', 'it is of another network'), 503, 'no_proxy_ready'],
    [undefined, 503, 'no_proxy_ready'],
  ])('the reason is told: %s', (problem, status, code) => {
    const { pool, slots, session } = setUp(1, 1);
    session(0).ready = false;
    (slots[0] as FakeSlot).problem = problem;
    const error = pool.notReady();
    expect(error).toMatchObject({ status, code });
    if (problem !== undefined) expect(error?.message).toContain(problem.message);
    const answer = sink();
    pool.run(request, answer);
    expect(answer.log).toEqual([`failed ${code}`]);
  });

  test('an empty registry is said', () => {
    expect(setUp(1, 0).pool.notReady()).toMatchObject({ code: 'no_proxy_registered' });
  });
});

describe('prices', () => {
  test("are the root's before there is a channel, then the dearest of the channels that may be used", () => {
    const { pool, session } = setUp(2, 2);
    expect(pool.pricing()).toBe(params);
    session(0).terms = { params: { ...params, pricePerToken: 15n, completionMultiplier: 90_000 } };
    session(1).terms = { params: { ...params, pricePerToken: 18n } };
    expect(pool.pricing()).toMatchObject({
      pricePerToken: 18n,
      completionMultiplier: 90_000,
      promptMultiplier: 10_000,
    });
    session(1).ready = false;
    expect(pool.pricing()).toMatchObject({ pricePerToken: 15n });
  });
});

describe('models', () => {
  const model = (name: string, coefficient: number): ModelInfo => ({
    name,
    workers: [{ coefficient, activeRequests: 0, maxActiveRequests: 1 }],
  });

  test('those of every ready proxy, workers of one model together', async () => {
    const { pool, session } = setUp(2, 2);
    session(0).served = [model('a', 1)];
    session(1).served = [model('a', 2), model('b', 3)];
    expect(await pool.models()).toEqual([
      { name: 'a', workers: [...model('a', 1).workers, ...model('a', 2).workers] },
      model('b', 3),
    ]);
  });

  test('one proxy that does not answer takes nothing away; none at all is an error', async () => {
    const { pool, session } = setUp(2, 2);
    session(0).served = new GatewayError('no', { status: 502, type: 'server_error', code: 'upstream_error' });
    session(1).served = [model('b', 3)];
    expect(await pool.models()).toEqual([model('b', 3)]);
    session(1).served = session(0).served;
    await expect(pool.models()).rejects.toMatchObject({ status: 502 });
    session(0).ready = false;
    session(1).ready = false;
    await expect(pool.models()).rejects.toMatchObject({ status: 503 });
  });
});
