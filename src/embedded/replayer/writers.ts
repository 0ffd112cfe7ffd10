import { gpuDevService } from './gpudev/service.ts'
import { controlPlane } from './iaas/control-plane.ts'
import { slurmService } from './inference/slurm-service.ts'
import { mlopsPipeline } from './mlops/pipeline.ts'
import { checkpointWorker } from './platform/checkpoint-worker.ts'
import { trainer } from './platform/trainer.ts'
import { trainingDesk } from './platform/training-desk.ts'
import type { Writer } from './writer.ts'

/** Every program that the replayer plays. */
export const writers: readonly Writer[] = [
  trainingDesk,
  trainer,
  checkpointWorker,
  slurmService,
  gpuDevService,
  mlopsPipeline,
  controlPlane,
]
