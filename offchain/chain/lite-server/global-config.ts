import { isIPv4 } from 'node:net';
import { z } from 'zod';
import type { LiteServer } from './connection';

/** Bytes in base64. */
const bytes32 = z.string().transform((text, context) => {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 32) return bytes;
  context.addIssue({ code: 'custom', message: 'must be 32 bytes in base64' });
  return z.NEVER;
});

/** The files carry addresses as signed 32-bit numbers. */
const ip = z.union([
  z
    .number()
    .int()
    .min(-(2 ** 31))
    .max(2 ** 32 - 1)
    .transform((value) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.')),
  z.string().refine((text) => isIPv4(text), 'must be an IPv4 address'),
]);

/** The part of TON's network configuration (`global.config.json`) that is needed; the rest is not looked at. */
const globalConfig = z.object({
  liteservers: z
    .array(
      z.object({
        ip,
        port: z.number().int().min(1).max(65_535),
        id: z.object({ '@type': z.literal('pub.ed25519').optional(), key: bytes32 }),
      }),
    )
    .min(1, 'lists no lite server'),
  validator: z.object({ zero_state: z.object({ file_hash: bytes32 }).optional() }).optional(),
});

export interface GlobalConfig {
  servers: LiteServer[];
  /** File hash of block 0, which tells networks apart; undefined when the file does not say. */
  zeroState: Buffer | undefined;
}

/** @throws Error saying in one line what is wrong with the text */
export function parseGlobalConfig(text: string): GlobalConfig {
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch (cause) {
    throw new Error(`is not JSON: ${(cause as Error).message}`, { cause });
  }
  const parsed = globalConfig.safeParse(input);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${issue?.path.join('.') || 'it'}: ${issue?.message}`, { cause: parsed.error });
  }
  const { liteservers, validator } = parsed.data;
  return {
    servers: liteservers.map((server) => ({ host: server.ip, port: server.port, key: server.id.key })),
    zeroState: validator?.zero_state?.file_hash,
  };
}
