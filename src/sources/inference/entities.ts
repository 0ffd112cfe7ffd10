import './slurm-job.ts'
import './training.ts'
import './model.ts'
import './inference.ts'
