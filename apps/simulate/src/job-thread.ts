import { parentPort } from 'node:worker_threads'
import { type Job, work } from './job.ts'

parentPort?.on('message', (job: Job) => {
  void work(job).then(result => parentPort?.postMessage(result))
})
