import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { TestGateway } from './start-gateway';

export interface Reply {
  status: number;
  headers: IncomingMessage['headers'];
  text: string;
}

/** One call to the gateway, read to its end. */
export async function send(
  gateway: TestGateway,
  options: { method?: string; path?: string; headers?: Record<string, string>; body?: string | Buffer } = {},
): Promise<Reply> {
  const { method = 'POST', path = '/v1/chat/completions', body } = options;
  const headers = options.headers ?? { 'content-type': 'application/json' };
  const req = httpRequest({ host: '127.0.0.1', port: gateway.port, method, path, headers, agent: false });
  req.end(body);
  const [res] = (await once(req, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of res) chunks.push(chunk as Buffer);
  return { status: res.statusCode ?? 0, headers: res.headers, text: Buffer.concat(chunks).toString() };
}

/** Bytes as they are, for requests no HTTP client would make; resolves with everything answered. */
export async function sendRaw(gateway: TestGateway, bytes: string | Uint8Array): Promise<string> {
  const socket = connect(gateway.port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => socket.destroy());
  socket.end(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

/** The body of a question that is answered. */
export const ask = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'hi' }] });

/** The error of an answer; fails the test when it has another shape than OpenAI's. */
export function expectOpenAiError(reply: { text: string }): {
  message: string;
  type: string;
  param: string | null;
  code: string;
} {
  const { error } = JSON.parse(reply.text) as {
    error: { message: string; type: string; param: string | null; code: string };
  };
  expect(Object.keys(error).sort()).toEqual(['code', 'message', 'param', 'type']);
  expect(error.message.length).toBeGreaterThan(10);
  return error;
}

/** What a socket gets, until `end` is in it. */
export async function readUntil(socket: Socket, end: string): Promise<string> {
  let text = '';
  while (!text.endsWith(end) && !text.includes(end)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    text += chunk.toString();
  }
  return text;
}
