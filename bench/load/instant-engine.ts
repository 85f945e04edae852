import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * An engine that takes no time: 50 content chunks and a usage chunk at once, or the same as one JSON body. What is measured
 * in front of it is the network alone. Prints `ready PORT`.
 */
const CHUNKS = 50;
const usage = { prompt_tokens: 34, completion_tokens: CHUNKS, total_tokens: 34 + CHUNKS };
const chunk = (fields: object) =>
  `data: ${JSON.stringify({ id: 'load', object: 'chat.completion.chunk', model: 'load', ...fields })}\n\n`;
const content = chunk({
  choices: [{ index: 0, delta: { content: ' a word or two of the answer' }, finish_reason: null }],
});
const last = chunk({ choices: [], usage });
const whole = JSON.stringify({
  id: 'load',
  object: 'chat.completion',
  model: 'load',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'a word or two of the answer '.repeat(CHUNKS) },
      finish_reason: 'stop',
    },
  ],
  usage,
});

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    request.resume();
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({ object: 'list', data: [{ id: 'load', object: 'model', created: 0, owned_by: 'load' }] }),
    );
    return;
  }
  let body = '';
  request.on('data', (data: Buffer) => {
    body += data.toString('utf8');
  });
  request.on('end', () => {
    if (!/"stream":\s*true/.test(body)) {
      response.setHeader('content-type', 'application/json');
      response.end(whole);
      return;
    }
    response.setHeader('content-type', 'text/event-stream');
    for (let index = 0; index < CHUNKS; index++) response.write(content);
    response.write(last);
    response.end('data: [DONE]\n\n');
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`ready ${(server.address() as AddressInfo).port}\n`);
});
