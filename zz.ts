import { startLocalnet } from './offchain/localnet';
import { TonClient, WalletContractV5R1 } from '@ton/ton';
import { keyPairFromSeed } from '@ton/crypto';
import { internal, SendMode, toNano } from '@ton/core';
import pino from 'pino';
async function main(){
 let t=Date.now();
 const net=await startLocalnet({port:0, logger:pino({level:'debug'},pino.destination(2)), stateDir: process.argv[2]});
 console.log('start', Date.now()-t);
 const client=new TonClient({endpoint:net.url+'/api/v2/jsonRPC'});
 const kp=keyPairFromSeed(Buffer.alloc(32,7));
 const w=client.open(WalletContractV5R1.create({publicKey:kp.publicKey}));
 t=Date.now();
 console.log(await (await fetch(net.url+'/localnet/faucet',{method:'POST',body:JSON.stringify({address:w.address.toString(),amount:'5000000000'})})).json(), Date.now()-t);
 console.log(await client.getContractState(w.address));
 const dest=WalletContractV5R1.create({publicKey:Buffer.alloc(32,9)}).address;
 t=Date.now();
 for(let i=0;i<5;i++) await w.sendTransfer({seqno:await w.getSeqno(),secretKey:kp.secretKey,sendMode:SendMode.PAY_GAS_SEPARATELY,messages:[internal({to:dest,value:toNano('0.1'),body:'hi '+i,bounce:false})]});
 console.log('5 transfers',Date.now()-t, await w.getSeqno(), await w.getBalance(), await client.getBalance(dest));
 const txs=await client.getTransactions(w.address,{limit:3});
 console.log(txs.map(t=>[t.lt,t.prevTransactionLt]));
 console.log((await client.getTransactions(w.address,{limit:3, lt:txs[2]!.lt.toString(), hash:txs[2]!.hash().toString('base64')})).map(t=>t.lt));
 console.log(await (await fetch(net.url+'/localnet/status')).json());
 console.log(await client.estimateExternalMessageFee(w.address,{body: await w.createTransfer({seqno:5,secretKey:kp.secretKey,sendMode:3,messages:[]}) ,initCode:null,initData:null,ignoreSignature:true}));
 console.log(JSON.stringify(await (await fetch(net.url+'/api/v3/transactions?limit=1&account='+w.address)).json(),null,1).slice(0,1500));
 t=Date.now(); for(let i=0;i<50;i++) await client.runMethod(w.address,'seqno'); console.log('get', (Date.now()-t)/50);
 await net.close();
}
main();
