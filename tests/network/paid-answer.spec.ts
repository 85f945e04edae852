import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Address, TonClient } from '@ton/ton';
import OpenAI from 'openai';
import { startNetwork, type TestNetwork, until } from './local-network';

/** Real processes, real sockets, the stock `openai` package: what a user of the network sees. */
describe('a network on one machine', () => {
  let network: TestNetwork;
  let openai: OpenAI;

  beforeAll(async () => {
    network = await startNetwork();
    openai = new OpenAI({ baseURL: `${network.origin}/v1`, apiKey: 'unused', maxRetries: 0 });
  }, 120_000);

  afterAll(async () => {
    expect(await network.stop()).toBe(0);
  });

  const question = (content: string, extra: object = {}) => ({
    model: 'cocoon-demo',
    messages: [{ role: 'user' as const, content }],
    max_tokens: 24,
    ...extra,
  });

  describe('the first bill', () => {
    it('charges 20 nanoTON per adjusted token, 19 of them to the worker and 1 to the proxy', () => {
      const total = BigInt(network.bill.tokens.adjusted.total ?? 0);
      const amounts = Object.fromEntries(network.bill.money.map((row) => [row.who, BigInt(row.amount)]));
      expect(total).toBeGreaterThan(0n);
      expect(amounts).toEqual({
        'client paid': total * 20n,
        'worker owner got': total * 19n,
        'proxy owner got': total,
      });
    });

    it('weighs prompt tokens once and completion tokens eight times', () => {
      const { raw, adjusted } = network.bill.tokens;
      expect(BigInt(adjusted.prompt ?? 0)).toBe(BigInt(raw.prompt ?? 0));
      expect(BigInt(adjusted.completion ?? 0)).toBe(BigInt(raw.completion ?? 0) * 8n);
      expect(BigInt(raw.completion ?? 0)).toBe(24n);
    });

    it("conserves money to the nanoTON: client's loss = worker's gain + proxy's gain + fees", () => {
      const { client, worker, proxy, fees } = network.bill.parties;
      expect(-BigInt(client)).toBe(BigInt(worker) + BigInt(proxy) + BigInt(fees));
    });

    it('names transactions that any toncenter client finds on the chain', async () => {
      const endpoint = `${network.config('client').ton_endpoint}`;
      const chain = new TonClient({ endpoint });
      const root = await chain.getContractState(Address.parse(network.bill.root));
      expect(root.state).toBe('active');
      const owner = Address.parse(`${network.config('worker').owner_address}`);
      const [payout] = await chain.getTransactions(owner, { limit: 1 });
      const row = network.bill.money.find(({ who }) => who === 'worker owner got');
      expect(payout?.hash().toString('hex')).toBe(row?.transaction);
      expect(payout?.inMessage?.info.type === 'internal' && payout.inMessage.info.value.coins).toBe(
        BigInt(row?.amount ?? 0),
      );
    });
  });

  describe('the OpenAI endpoint', () => {
    it('streams an answer chunk by chunk, spread over time, with usage and cost at the end', async () => {
      const arrivals: number[] = [];
      let text = '';
      let usage: Record<string, unknown> | undefined;
      const stream = await openai.chat.completions.create({ ...question('Tell me about escrow.'), stream: true });
      for await (const chunk of stream) {
        arrivals.push(performance.now());
        text += chunk.choices[0]?.delta?.content ?? '';
        if (chunk.usage) usage = chunk.usage as unknown as Record<string, unknown>;
      }
      expect(text.length).toBeGreaterThan(20);
      expect(usage?.completion_tokens).toBe(24);
      expect(usage?.total_cost).toBe(
        20 * (Number(usage?.prompt_tokens) - cached(usage) + Math.trunc(cached(usage) / 10) + 24 * 8),
      );
      expect(arrivals.length).toBeGreaterThan(20);
      // 24 tokens at 40 tokens a second; a relay that waited for the whole answer would deliver all at once.
      expect((arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThan(200);
    });

    it('ends a stream with [DONE]', async () => {
      const response = await post('/v1/chat/completions', question('Hello', { stream: true }));
      expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
      const body = await response.text();
      expect(body.trimEnd().endsWith('data: [DONE]')).toBe(true);
    });

    it('answers without streaming', async () => {
      const answer = await openai.chat.completions.create(question('What is a voucher?'));
      expect(answer.choices[0]?.message.content?.length).toBeGreaterThan(20);
      expect(answer.usage?.completion_tokens).toBe(24);
      expect((answer.usage as unknown as { total_cost: number }).total_cost).toBeGreaterThan(0);
    });

    it('answers /v1/completions', async () => {
      const answer = await openai.completions.create({
        model: 'cocoon-demo',
        prompt: 'Once upon a time',
        max_tokens: 8,
      });
      expect(answer.choices[0]?.text.length).toBeGreaterThan(0);
      expect(answer.usage?.completion_tokens).toBe(8);
    });

    it('lists the models', async () => {
      const models = await openai.models.list();
      expect(models.data.map(({ id }) => id)).toEqual(['cocoon-demo']);
    });

    it('charges an aborted stream for what was generated, and goes on serving', async () => {
      const before = await clientTokens();
      const stream = await openai.chat.completions.create({
        ...question('A long story, please.', { max_tokens: 4000 }),
        stream: true,
      });
      let seen = 0;
      for await (const chunk of stream) {
        if (chunk.choices[0]?.delta?.content && ++seen === 5) stream.controller.abort();
      }
      const next = await openai.chat.completions.create(question('Still there?'));
      expect(next.usage?.completion_tokens).toBe(24);
      await until(async () => (await proxyClient()).running_queries === 0);
      const charged = (await clientTokens()) - before - adjusted(next.usage);
      expect(charged).toBeGreaterThanOrEqual(5 * 8);
      expect(charged).toBeLessThan(4000 * 8);
    });
  });

  describe('wrong input', () => {
    const cases: [string, () => Promise<Response>, number, RegExp][] = [
      [
        'an unknown model',
        () => post('/v1/chat/completions', { ...question('x'), model: 'no-such-model' }),
        404,
        /no-such-model/,
      ],
      ['malformed JSON', () => postText('/v1/chat/completions', '{"model": "cocoon-demo", '), 400, /JSON/],
      ['a body that is no object', () => postText('/v1/chat/completions', '[1,2]'), 400, /object/],
      ['no messages', () => post('/v1/chat/completions', { model: 'cocoon-demo' }), 400, /messages/],
      ['negative max_tokens', () => post('/v1/chat/completions', question('x', { max_tokens: -1 })), 400, /max_tokens/],
      ['an unknown path', () => post('/v1/embeddings', question('x')), 404, /\/v1\/chat\/completions/],
      ['GET on a POST path', () => fetch(`${network.origin}/v1/chat/completions`), 405, /POST/],
      [
        'more tokens than the escrow pays for',
        () => post('/v1/chat/completions', question('x', { max_tokens: 2_000_000_000 })),
        402,
        /insufficient|balance|escrow/i,
      ],
      ['a top-up without authentication', () => post('/request/topup', {}), 401, /[Aa]uthorization/],
    ];

    it.each(cases)('%s is refused with an OpenAI-shaped error', async (_, send, status, message) => {
      const response = await send();
      const body = (await response.json()) as { error: { message: string; type: string; code: string | null } };
      expect({ status: response.status, message: body.error.message }).toEqual({
        status,
        message: expect.stringMatching(message),
      });
      expect(typeof body.error.type).toBe('string');
    });

    it('a worker that was disabled: 503 at once, and answers again after it was enabled', async () => {
      await workerAdmin('disable');
      await until(async () => (await post('/v1/chat/completions', question('x'))).status === 503);
      await workerAdmin('enable');
      await until(async () => (await post('/v1/chat/completions', question('x'))).status === 200);
    });

    it('no runner has ended, and none has logged an error of its own', () => {
      expect(network.printed()).not.toMatch(/ended|Error:/);
      for (const role of ['chain', 'engine', 'proxy', 'worker', 'client']) {
        const lines = readFileSync(join(network.stateDir, 'logs', `${role}.log`), 'utf8')
          .trim()
          .split('\n');
        const records = lines.map((line) => JSON.parse(line) as { level: number; msg: string });
        expect(records.length).toBeGreaterThan(0);
        expect(records.filter(({ level }) => level >= 50)).toEqual([]);
      }
    });
  });

  // --- helpers

  function post(path: string, body: object): Promise<Response> {
    return postText(path, JSON.stringify(body));
  }

  function postText(path: string, body: string): Promise<Response> {
    return fetch(`${network.origin}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  }

  async function workerAdmin(action: 'enable' | 'disable'): Promise<void> {
    const { http_port, http_access_hash } = network.config('worker');
    const response = await fetch(`http://127.0.0.1:${http_port}/request/${action}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${http_access_hash}` },
    });
    expect(response.status).toBe(200);
  }

  async function proxyClient(): Promise<{ used_tokens: number; running_queries: number }> {
    const response = await fetch(`http://127.0.0.1:${network.config('proxy').http_port}/jsonstats`);
    const stats = (await response.json()) as { clients: { used_tokens: number; running_queries: number }[] };
    const [client] = stats.clients;
    if (client === undefined) throw new Error('the proxy knows no client');
    return client;
  }

  async function clientTokens(): Promise<number> {
    return Number((await proxyClient()).used_tokens);
  }
});

function cached(usage: Record<string, unknown> | undefined): number {
  const details = usage?.prompt_tokens_details as { cached_tokens?: number } | undefined;
  return details?.cached_tokens ?? 0;
}

function adjusted(usage: OpenAI.CompletionUsage | undefined): number {
  const fromCache = usage?.prompt_tokens_details?.cached_tokens ?? 0;
  return (usage?.prompt_tokens ?? 0) - fromCache + Math.trunc(fromCache / 10) + 8 * (usage?.completion_tokens ?? 0);
}
