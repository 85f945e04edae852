import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Seen {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingMessage['headers'];
  body: string;
  /** The worker closed the connection before the answer was complete. */
  aborted: Promise<void>;
}

export type Script = (res: ServerResponse, seen: Seen) => void | Promise<void>;

/** An engine that does what a test says. */
export class ScriptEngine {
  readonly requests: Seen[] = [];
  script: Script = (res) => {
    res.end('{}');
  };
  ownedBy = 'vllm';
  modelsStatus = 200;
  connections = 0;
  #server: Server | undefined;
  port = 0;

  async start(port = 0): Promise<void> {
    this.#server = createServer((req, res) => void this.#handle(req, res));
    this.#server.on('connection', () => this.connections++);
    await new Promise<void>((resolve) => this.#server?.listen(port, '127.0.0.1', resolve));
    this.port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  async #handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    if (req.url?.endsWith('/v1/models')) {
      res.statusCode = this.modelsStatus;
      res.end(JSON.stringify({ object: 'list', data: [{ id: 'm', object: 'model', owned_by: this.ownedBy }] }));
      return;
    }
    const aborted = new Promise<void>((resolve) => {
      res.once('close', () => {
        if (!res.writableFinished) resolve();
      });
    });
    const seen = {
      method: req.method,
      url: req.url,
      headers: req.headers,
      body: Buffer.concat(chunks).toString(),
      aborted,
    };
    this.requests.push(seen);
    await this.script(res, seen);
  }
}

export function sse(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

export function contentChunk(text: string, usage?: { prompt_tokens: number; completion_tokens: number }): string {
  return sse({ id: 'c', choices: [{ index: 0, delta: { content: text } }], ...(usage === undefined ? {} : { usage }) });
}
