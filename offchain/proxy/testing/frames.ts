/** Frames of a worker, and what tests ask of a relay after each request. */
import { decodeAs, type TlType } from '@cocoon/sdk/protocol/tl/codec';
import { httpResponse, runQuery, type TestWorker, type World } from './world';

export const head = (id: Buffer, final?: TlType<'proxy.queryFinalInfo'>) =>
  ({
    _: 'proxy.queryAnswerEx',
    requestId: id,
    answer: httpResponse(),
    ...(final ? { finalInfo: final } : {}),
  }) as const;
export const part = (id: Buffer, text: string, final?: TlType<'proxy.queryFinalInfo'>) =>
  ({
    _: 'proxy.queryAnswerPartEx',
    requestId: id,
    answer: Buffer.from(text),
    ...(final ? { finalInfo: final } : {}),
  }) as const;
export const failure = (id: Buffer, errorCode: number, final?: TlType<'proxy.queryFinalInfo'>) =>
  ({
    _: 'proxy.queryAnswerErrorEx',
    requestId: id,
    errorCode,
    error: 'engine said no',
    ...(final ? { finalInfo: final } : {}),
  }) as const;

/** Starts a request and waits until the worker has it. */
export async function started(world: World, worker: TestWorker, client = world.client(), more = {}) {
  const query = runQuery(more);
  world.relay.run(client, query);
  const forwarded = await worker.next('proxy.runQueryEx');
  return { client, query, forwarded, id: forwarded.requestId };
}

export const body = (answer: Buffer) => {
  const response = decodeAs('http.response', answer);
  return {
    status: response.statusCode,
    error: JSON.parse(response.payload.toString()).error as { code: string; message: string; type: string },
    headers: response.headers,
  };
};

/** No reservation, no place and no request may be left behind. */
export function nothingLeft(world: World, client: { account: { reserved: bigint; running: number } }) {
  expect(client.account.reserved).toBe(0n);
  expect(client.account.running).toBe(0);
  expect(world.relay.active).toBe(0);
  expect(world.scheduler.seats().every(({ running }) => running === 0)).toBe(true);
}
