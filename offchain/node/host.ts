import { isIP } from 'node:net';

/** The name or address of a Host header, lower case, without port; undefined when there is none. */
export function hostName(header: string | undefined): string | undefined {
  if (header === undefined || header === '') return undefined;
  const bracketed = /^\[([^\]]*)\]/.exec(header)?.[1];
  return (bracketed ?? header.split(':')[0] ?? '').toLowerCase();
}

/** Whether a server on this machine may be called so. A web page can point a name of its own at 127.0.0.1, but no address. */
export function hostAllowed(host: string, allowed: readonly string[] = []): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || isIP(host) !== 0 || allowed.includes(host);
}
