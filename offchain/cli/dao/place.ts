import type { Command } from 'commander';

/** Options by which every command finds its DAO. */
export function withPlace(command: Command): Command {
  return command
    .option('--network <name>', 'mainnet, testnet or custom (a local chain)', 'mainnet')
    .option('--endpoint <url>', "JSON-RPC of toncenter's API v2; the network's own by default")
    .option('--manifest <file>', 'what the deploy scripts wrote (default deployments/<network>.json)')
    .option('--dao <address>', "the DAO, instead of the manifest's")
    .option('--json', 'print one JSON document');
}
