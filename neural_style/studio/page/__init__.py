"""The page, in parts: the only modules that import gradio. `neural_style.studio.app` imports them when it starts."""
