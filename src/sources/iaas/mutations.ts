import './tenant-api-key-creation.mutations.ts'
import './tenant-api-key.mutations.ts'
import './llm-deployment.mutations.ts'
import './notification-config.mutations.ts'
