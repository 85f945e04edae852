import { createHash } from 'node:crypto';

export const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/** The proxy image that people have reviewed; it is on the root's list from the beginning. */
export const PROXY_IMAGE = sha256('the reviewed proxy image');
