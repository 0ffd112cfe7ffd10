import type { Client } from 'pg'

/** Inserts a training job of project 1, running, with the given columns in place of the usual. */
export async function insertJob(
  client: Client,
  values: Readonly<Record<string, unknown>> & { readonly id: number },
): Promise<void> {
  const row = {
    project_id: 1,
    observability_backends: 'mlflow',
    framework: 'timm',
    model_name: 'resnet18',
    task_type: 'image_classification',
    dataset_format: 'imagefolder',
    output_dir: '/out',
    epochs: 10,
    batch_size: 8,
    learning_rate: 0.1,
    status: 'running',
    ...values,
  }
  const names = Object.keys(row)
  await client.query(
    `INSERT INTO training_jobs (${names}) VALUES (${names.map((_, index) => `$${index + 1}`)})`,
    Object.values(row),
  )
}
