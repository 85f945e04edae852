import { createHash } from 'node:crypto';

/** Where a registered proxy listens. IPv4 only, as on the live network. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** One registered proxy of the root contract. */
export interface RegisteredProxy {
  readonly seqno: number;
  readonly workers: Endpoint;
  readonly clients: Endpoint;
}

/** Registered text that cannot be dialled. Owners of the root write it; readers skip such entries and say so. */
export class ProxyTextError extends Error {
  readonly code = 'PROXY_TEXT';

  constructor(text: string, problem: string) {
    super(`registered proxy "${text}": ${problem}; expected "ip:port" or "workers-ip:port clients-ip:port"`);
    this.name = 'ProxyTextError';
  }
}

function parseEndpoint(part: string, text: string): Endpoint {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(part);
  if (!match) throw new ProxyTextError(text, `"${part}" is not ip:port`);
  const host = match[1] ?? match[2] ?? '';
  const port = Number(match[3]);
  const octets = host.split('.');
  if (octets.length !== 4 || octets.some((octet) => !/^(0|[1-9]\d{0,2})$/.test(octet) || Number(octet) > 255)) {
    throw new ProxyTextError(text, `"${host}" is not an IPv4 address`);
  }
  if (port < 1 || port > 65535) throw new ProxyTextError(text, `${port} is not a port`);
  return { host, port };
}

/** Reads "ip:port" (both roles) or "workers-ip:port clients-ip:port"; hosts may stand in brackets. @throws ProxyTextError */
export function parseProxyText(text: string): { workers: Endpoint; clients: Endpoint } {
  const parts = text.split(' ').filter((part) => part !== '');
  const [first, second] = parts;
  if (first === undefined || parts.length > 2) throw new ProxyTextError(text, `has ${parts.length} addresses`);
  const workers = parseEndpoint(first, text);
  return { workers, clients: second === undefined ? workers : parseEndpoint(second, text) };
}

/** The text to register; one address when both roles share it. */
export function formatProxyText(workers: Endpoint, clients: Endpoint = workers): string {
  const text = ({ host, port }: Endpoint): string => `${host}:${port}`;
  const same = workers.host === clients.host && workers.port === clients.port;
  return same ? text(workers) : `${text(workers)} ${text(clients)}`;
}

/** Every registered proxy that can be dialled, by seqno; `skipped` are the others, with the reason. */
export function registeredProxies(entries: ReadonlyMap<number, string>): {
  proxies: RegisteredProxy[];
  skipped: { seqno: number; reason: ProxyTextError }[];
} {
  const proxies: RegisteredProxy[] = [];
  const skipped: { seqno: number; reason: ProxyTextError }[] = [];
  for (const [seqno, text] of [...entries].sort(([a], [b]) => a - b)) {
    try {
      proxies.push({ seqno, ...parseProxyText(text) });
    } catch (error) {
      if (!(error instanceof ProxyTextError)) throw error;
      skipped.push({ seqno, reason: error });
    }
  }
  return { proxies, skipped };
}

/** Key under which the root lists a model: SHA-256 of "base@commit:verity", 32 bytes. */
export function modelHash(model: string): Buffer {
  return createHash('sha256').update(model, 'utf8').digest();
}

/** The part of a model's name that requests use: everything before the first '@'. */
export function modelBaseName(model: string): string {
  const at = model.indexOf('@');
  return at < 0 ? model : model.slice(0, at);
}
