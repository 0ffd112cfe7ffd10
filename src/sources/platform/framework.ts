import { enumeration } from '../../graph/enumeration.ts'

export const Framework = enumeration('Framework', 'The library that trains a model.', {
  TIMM: { stored: 'timm', description: 'PyTorch Image Models.' },
  ULTRALYTICS: { stored: 'ultralytics', description: 'Ultralytics YOLO.' },
  HUGGINGFACE: { stored: 'huggingface', description: 'Hugging Face Transformers.' },
  MMDET: { stored: 'mmdet', description: 'OpenMMLab MMDetection.' },
  MMSEG: { stored: 'mmseg', description: 'OpenMMLab MMSegmentation.' },
  MMPRETRAIN: { stored: 'mmpretrain', description: 'OpenMMLab MMPretrain.' },
  MMYOLO: { stored: 'mmyolo', description: 'OpenMMLab MMYOLO.' },
  VFM_V1: { stored: 'vfm-v1', description: 'The platform’s vision foundation model, version 1.' },
})
