/** What the owner can ask of a payment channel over HTTP. */
export const CHANNEL_ACTIONS = ['topup', 'withdraw', 'close', 'charge'] as const;
export type ChannelAction = (typeof CHANNEL_ACTIONS)[number];

export interface ActionResult {
  action: ChannelAction;
  proxy: string;
  /** done: executed by the client contract. pending: sent, and not seen on chain within the time a caller waits. */
  status: 'done' | 'pending';
  /** Hex hash of the client contract's transaction, when done. */
  transaction?: string;
  /** nanoTON that moved or were asked to move, where that is known. */
  amount?: bigint;
  note: string;
}

/** The money side as the HTTP edge sees it. */
export interface ChannelAdmin {
  /**
   * @param proxy address of the proxy contract; may be left out while there is one channel only
   * @throws GatewayError 404 for an unknown proxy, 409 when the channel's state does not allow the action, 502 when it failed on chain
   */
  act(action: ChannelAction, proxy: string | undefined): Promise<ActionResult>;
  /** The parts of /jsonstats that concern chain and proxies. */
  stats(): Promise<Record<string, unknown>>;
}
