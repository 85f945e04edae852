import type { LocalChain } from './chain';
import type { Params } from './params';

/** One call of an API: reads its parameters, answers what goes into the JSON. @throws ApiError, LocalnetError */
export type Method = (chain: LocalChain, params: Params) => Promise<unknown>;
