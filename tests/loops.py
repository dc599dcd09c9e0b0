"""Training loops as people write them: sound ones of many styles, and faulty ones."""

SOUND = {
    "plain": """
        model = Net().to(device)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for epoch in range(10):
            model.train()
            for x, y in loader:
                x, y = x.to(device), y.to(device)
                optimizer.zero_grad()
                loss = F.cross_entropy(model(x), y)
                loss.backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                for x, y in valid:
                    total += F.cross_entropy(model(x), y).item()
    """,
    "functions, one a phase": """
        def train(model, loader, criterion, optimizer):
            model.train()
            for x, y in tqdm(loader):
                optimizer.zero_grad(set_to_none=True)
                out = model(x)
                loss = criterion(out, y)
                loss.backward()
                optimizer.step()

        @torch.no_grad()
        def evaluate(model, loader, criterion):
            model.eval()
            return sum(criterion(model(x), y) for x, y in loader)

        net = resnet18(num_classes=10)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=200)
        for epoch in range(200):
            train(net, loader, nn.CrossEntropyLoss(), optimizer)
            evaluate(net, test, nn.CrossEntropyLoss())
            scheduler.step()
    """,
    "accelerate, accumulating": """
        accelerator = Accelerator(gradient_accumulation_steps=4)
        optimizer = AdamW(model.parameters(), lr=2e-5)
        lr_scheduler = get_scheduler("linear", optimizer, num_warmup_steps=0, num_training_steps=n)
        model, optimizer, loader, lr_scheduler = accelerator.prepare(
            model, optimizer, loader, lr_scheduler)
        for epoch in range(num_epochs):
            model.train()
            for batch in loader:
                with accelerator.accumulate(model):
                    loss = model(**batch).loss
                    accelerator.backward(loss)
                    accelerator.clip_grad_norm_(model.parameters(), 1.0)
                    optimizer.step()
                    lr_scheduler.step()
                    optimizer.zero_grad()
    """,
    "mixed precision, accumulated and clipped": """
        scaler = torch.amp.GradScaler("cuda")
        for epoch in range(epochs):
            for i, (x, y) in enumerate(loader):
                with torch.autocast("cuda", dtype=torch.float16):
                    loss = criterion(model(x), y)
                    loss = loss / iters_to_accumulate
                scaler.scale(loss).backward()
                if (i + 1) % iters_to_accumulate == 0:
                    scaler.unscale_(optimizer)
                    torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
                    scaler.step(optimizer)
                    scaler.update()
                    optimizer.zero_grad()
    """,
    "LBFGS with a closure": """
        optimizer = torch.optim.LBFGS(model.parameters(), lr=1)
        for i in range(20):
            def closure():
                optimizer.zero_grad()
                out = model(x)
                loss = criterion(out, y)
                loss.backward()
                return loss
            optimizer.step(closure)
    """,
    "Lightning": """
        class Lit(L.LightningModule):
            def __init__(self):
                super().__init__()
                self.net = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
            def training_step(self, batch, batch_idx):
                x, y = batch
                loss = F.cross_entropy(self.net(x), y)
                self.log("train_loss", loss)
                return loss
            def configure_optimizers(self):
                optimizer = torch.optim.AdamW(self.parameters(), lr=1e-3)
                scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=self.epochs)
                return [optimizer], [scheduler]
        trainer = L.Trainer(max_epochs=10)
        trainer.fit(Lit(), loader)
    """,
    "Lightning, OneCycle by step": """
        class Lit(L.LightningModule):
            def configure_optimizers(self):
                opt = torch.optim.SGD(self.parameters(), lr=0.1)
                sched = torch.optim.lr_scheduler.OneCycleLR(
                    opt, max_lr=0.1, total_steps=self.trainer.estimated_stepping_batches)
                return {"optimizer": opt, "lr_scheduler": {"scheduler": sched, "interval": "step"}}
    """,
    "Lightning, by hand": """
        class Gan(L.LightningModule):
            def __init__(self):
                super().__init__()
                self.automatic_optimization = False
            def training_step(self, batch, i):
                g, d = self.optimizers()
                z = torch.randn(len(batch), 100)
                self.toggle_optimizer(g)
                g_loss = self.adversarial(self.D(self.G(z)), ones)
                g.zero_grad()
                self.manual_backward(g_loss)
                g.step()
                self.untoggle_optimizer(g)
                d_loss = self.adversarial(self.D(batch), ones)
                d.zero_grad()
                self.manual_backward(d_loss)
                d.step()
    """,
    "DCGAN": """
        optimizerD = optim.Adam(netD.parameters(), lr=lr, betas=(beta1, 0.999))
        optimizerG = optim.Adam(netG.parameters(), lr=lr, betas=(beta1, 0.999))
        for epoch in range(num_epochs):
            for i, data in enumerate(dataloader, 0):
                netD.zero_grad()
                output = netD(data[0]).view(-1)
                errD_real = criterion(output, label)
                errD_real.backward()
                fake = netG(noise)
                output = netD(fake.detach()).view(-1)
                errD_fake = criterion(output, label)
                errD_fake.backward()
                errD = errD_real + errD_fake
                optimizerD.step()
                netG.zero_grad()
                output = netD(fake).view(-1)
                errG = criterion(output, label)
                errG.backward()
                optimizerG.step()
                if iters % 500 == 0:
                    with torch.no_grad():
                        fake = netG(fixed_noise).detach().cpu()
                iters += 1
    """,
    "WGAN, the critic five times": """
        opt_d = torch.optim.RMSprop(D.parameters(), lr=5e-5)
        opt_g = torch.optim.RMSprop(G.parameters(), lr=5e-5)
        for epoch in range(n_epochs):
            for i, (real, _) in enumerate(loader):
                opt_d.zero_grad()
                fake = G(torch.randn(len(real), 100)).detach()
                loss_d = -D(real).mean() + D(fake).mean()
                loss_d.backward()
                opt_d.step()
                for p in D.parameters():
                    p.data.clamp_(-0.01, 0.01)
                if i % n_critic == 0:
                    opt_g.zero_grad()
                    loss_g = -D(G(torch.randn(len(real), 100))).mean()
                    loss_g.backward()
                    opt_g.step()
    """,
    "a warmup and a cosine, divided by an if": """
        warmup = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=5)
        cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs - 5)
        for epoch in range(epochs):
            for x, y in loader:
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                optimizer.step()
            if epoch < 5:
                warmup.step()
            else:
                cosine.step()
    """,
    "a warmup by batch in the first epoch": """
        scheduler = MultiStepLR(optimizer, milestones=[60, 120, 160], gamma=0.2)
        warmup_scheduler = WarmUpLR(optimizer, len(loader) * warm)
        for epoch in range(1, 201):
            if epoch > warm:
                scheduler.step(epoch)
            model.train()
            for x, y in loader:
                optimizer.zero_grad()
                loss = loss_function(model(x), y)
                loss.backward()
                optimizer.step()
                if epoch <= warm:
                    warmup_scheduler.step()
    """,
    "sequence of two schedules": """
        steps_per_epoch = len(loader)
        warmup = LinearLR(optimizer, 0.01, total_iters=5 * steps_per_epoch)
        decay = CosineAnnealingLR(optimizer, T_max=(epochs - 5) * steps_per_epoch)
        scheduler = SequentialLR(optimizer, [warmup, decay], milestones=[5 * steps_per_epoch])
        for epoch in trange(epochs):
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
                optimizer.step()
                scheduler.step()
    """,
    "Hugging Face, by hand": """
        num_training_steps = num_epochs * len(train_dataloader)
        lr_scheduler = get_linear_schedule_with_warmup(
            optimizer, num_warmup_steps=100, num_training_steps=num_training_steps)
        progress_bar = tqdm(range(num_training_steps))
        model.train()
        for epoch in range(num_epochs):
            for batch in train_dataloader:
                batch = {k: v.to(device) for k, v in batch.items()}
                outputs = model(**batch)
                loss = outputs.loss
                loss.backward()
                optimizer.step()
                lr_scheduler.step()
                optimizer.zero_grad()
                progress_bar.update(1)
    """,
    "Hugging Face, by epoch": """
        scheduler = get_cosine_schedule_with_warmup(optimizer, warmup_epochs, num_epochs)
        for epoch in range(num_epochs):
            for batch in train_dataloader:
                optimizer.zero_grad()
                loss = model(**batch).loss
                loss.backward()
                optimizer.step()
            scheduler.step()
    """,
    "Trainer": """
        args = TrainingArguments("out", learning_rate=2e-5, num_train_epochs=3, fp16=True)
        trainer = Trainer(model, args, train_dataset=train, eval_dataset=valid)
        trainer.train()
    """,
    "nanoGPT": """
        scaler = torch.cuda.amp.GradScaler(enabled=(dtype == 'float16'))
        optimizer = model.configure_optimizers(weight_decay, learning_rate, (beta1, beta2), 'cuda')
        X, Y = get_batch('train')
        while True:
            lr = get_lr(iter_num) if decay_lr else learning_rate
            for param_group in optimizer.param_groups:
                param_group['lr'] = lr
            if iter_num % eval_interval == 0 and master_process:
                losses = estimate_loss()
            for micro_step in range(gradient_accumulation_steps):
                with ctx:
                    logits, loss = model(X, Y)
                    loss = loss / gradient_accumulation_steps
                X, Y = get_batch('train')
                scaler.scale(loss).backward()
            if grad_clip != 0.0:
                scaler.unscale_(optimizer)
                torch.nn.utils.clip_grad_norm_(model.parameters(), grad_clip)
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad(set_to_none=True)
            iter_num += 1
            if iter_num > max_iters:
                break
    """,
    "by hand, without an optimizer": """
        for epoch in range(epochs):
            for xb, yb in batches:
                loss = loss_func(model(xb), yb)
                loss.backward()
                with torch.no_grad():
                    for p in model.parameters():
                        p -= p.grad * lr
                    model.zero_grad()
    """,
    "gradients set to None": """
        for x, y in loader:
            for p in model.parameters():
                p.grad = None
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
    """,
    "frozen features": """
        backbone = resnet50(weights="DEFAULT")
        backbone.eval()
        head = nn.Linear(2048, 5)
        optimizer = torch.optim.Adam(head.parameters())
        for x, y in loader:
            with torch.no_grad():
                features = backbone(x)
            loss = F.cross_entropy(head(features), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    """,
    "a teacher": """
        teacher.eval()
        for epoch in range(epochs):
            student.train()
            for x, y in loader:
                with torch.no_grad():
                    soft = F.softmax(teacher(x) / T, dim=1)
                logits = student(x)
                loss = F.cross_entropy(logits, y) + F.kl_div(
                    F.log_softmax(logits / T, dim=1), soft, reduction="batchmean")
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            accuracy = evaluate(student)
    """,
    "DQN": """
        optimizer = optim.AdamW(policy_net.parameters(), lr=LR, amsgrad=True)
        target_net.load_state_dict(policy_net.state_dict())

        def optimize_model():
            transitions = memory.sample(BATCH_SIZE)
            values = policy_net(states).gather(1, actions)
            with torch.no_grad():
                following = target_net(next_states).max(1).values
            loss = criterion(values, following * GAMMA + rewards)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_value_(policy_net.parameters(), 100)
            optimizer.step()

        for i_episode in range(num_episodes):
            state, info = env.reset()
            for t in count():
                action = select_action(state)
                observation, reward, done, truncated, _ = env.step(action.item())
                optimize_model()
                if done:
                    break
    """,
    "PPO": """
        for update in range(updates):
            with torch.no_grad():
                for step in range(steps):
                    action, logprob, _, value = agent.get_action_and_value(obs)
                    obs, reward, done, info = envs.step(action.numpy())
            for epoch in range(update_epochs):
                for start in range(0, batch_size, minibatch_size):
                    _, newlogprob, entropy, newvalue = agent.get_action_and_value(b_obs[start:])
                    ratio = (newlogprob - b_logprobs[start:]).exp()
                    pg_loss = -(advantages * ratio).mean()
                    loss = pg_loss - ent_coef * entropy.mean()
                    optimizer.zero_grad()
                    loss.backward()
                    nn.utils.clip_grad_norm_(agent.parameters(), max_grad_norm)
                    optimizer.step()
    """,
    "folds": """
        for fold, (tr, va) in enumerate(KFold(5).split(X)):
            model = Net()
            optimizer = torch.optim.Adam(model.parameters())
            for epoch in range(20):
                for x, y in loaders[fold]:
                    optimizer.zero_grad()
                    loss = criterion(model(x), y)
                    loss.backward()
                    optimizer.step()
        model = Net()
        model.load_state_dict(torch.load("best.pt"))
        model.eval()
    """,
    "a sweep of rates": """
        for lr in [0.1, 0.01, 0.001]:
            model.apply(reset_weights)
            optimizer = torch.optim.SGD(model.parameters(), lr=lr)
            for epoch in range(5):
                for x, y in loader:
                    optimizer.zero_grad()
                    loss = criterion(model(x), y)
                    loss.backward()
                    optimizer.step()
    """,
    "unfreezing on the way": """
        optimizer = torch.optim.Adam(model.fc.parameters(), lr=1e-3)
        for epoch in range(10):
            if epoch == 3:
                for p in model.parameters():
                    p.requires_grad = True
                optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
                optimizer.step()
    """,
    "transfer learning": """
        model = models.resnet18(weights="DEFAULT")
        for param in model.parameters():
            param.requires_grad = False
        model.fc = nn.Linear(model.fc.in_features, 2)
        model = model.to(device)
        optimizer = optim.SGD(model.fc.parameters(), lr=0.001, momentum=0.9)
        scheduler = lr_scheduler.StepLR(optimizer, step_size=7, gamma=0.1)
        for epoch in range(25):
            for phase in ["train", "val"]:
                if phase == "train":
                    model.train()
                else:
                    model.eval()
                for inputs, labels in dataloaders[phase]:
                    optimizer.zero_grad()
                    with torch.set_grad_enabled(phase == "train"):
                        outputs = model(inputs)
                        loss = criterion(outputs, labels)
                        if phase == "train":
                            loss.backward()
                            optimizer.step()
                if phase == "train":
                    scheduler.step()
    """,
    "plateau by epoch": """
        scheduler = ReduceLROnPlateau(optimizer, mode="min", patience=3, factor=0.5)
        for epoch in range(1, args.epochs + 1):
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
                optimizer.step()
            val_loss = validate(model, val_loader)
            scheduler.step(val_loss)
    """,
    "attention and a gate inside": """
        class Attention(nn.Module):
            def forward(self, q, k, v):
                w = F.softmax(q @ k.transpose(-1, -2) / self.d ** 0.5, dim=-1)
                return w @ v
        class Gate(nn.Module):
            def forward(self, x):
                return F.softmax(self.fc(x), dim=-1)
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.gate, self.attend = Gate(), Attention()
                self.gate2 = Gate()
            def forward(self, x):
                return self.head(self.gate(x) * self.attend(x, x, x))
        model = Net()
        for x, y in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
    """,
    "a softmax for reading": """
        criterion = nn.CrossEntropyLoss()
        for x, y in loader:
            optimizer.zero_grad()
            logits = model(x)
            loss = criterion(logits, y)
            loss.backward()
            optimizer.step()
            probabilities = torch.softmax(logits, dim=1)
            accuracy = (probabilities.argmax(1) == y).float().mean()
    """,
    "softmax in evaluation only": """
        class Net(nn.Module):
            def forward(self, x):
                x = self.fc(x)
                if not self.training:
                    x = F.softmax(x, dim=1)
                return x
        criterion = nn.CrossEntropyLoss()
        loss = criterion(Net()(x), y)
    """,
    "a sigmoid and BCELoss": """
        model = nn.Sequential(nn.Linear(8, 1), nn.Sigmoid())
        criterion = nn.BCELoss()
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
    """,
    "log_softmax and NLLLoss": """
        class Net(nn.Module):
            def forward(self, x):
                return F.log_softmax(self.fc(x), dim=1)
        model = Net()
        for batch_idx, (data, target) in enumerate(train_loader):
            optimizer.zero_grad()
            output = model(data)
            loss = F.nll_loss(output, target)
            loss.backward()
            optimizer.step()
            if batch_idx % log_interval == 0:
                print(epoch, loss.item())
    """,
    "a class that trains": """
        class Trainer:
            def __init__(self, model, loader):
                self.model, self.loader = model, loader
                self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-3)
                self.scheduler = torch.optim.lr_scheduler.OneCycleLR(
                    self.optimizer, 1e-2, epochs=10, steps_per_epoch=len(loader))
            def train_step(self, x, y):
                self.optimizer.zero_grad()
                loss = self.loss(self.model(x), y)
                loss.backward()
                self.optimizer.step()
                self.scheduler.step()
                return loss.item()
            def train_epoch(self):
                self.model.train()
                for x, y in self.loader:
                    self.train_step(x, y)
            def validate(self):
                self.model.eval()
                with torch.no_grad():
                    return sum(self.loss(self.model(x), y) for x, y in self.valid)
            def fit(self, epochs):
                for epoch in range(epochs):
                    self.train_epoch()
                    self.validate()
    """,
    "DeepSpeed": """
        model_engine, optimizer, _, _ = deepspeed.initialize(args=args, model=model)
        for step, batch in enumerate(data_loader):
            loss = model_engine(batch)
            model_engine.backward(loss)
            model_engine.step()
    """,
    "Fabric": """
        model, optimizer = fabric.setup(model, optimizer)
        for epoch in range(epochs):
            for batch in loader:
                optimizer.zero_grad()
                loss = model(batch)
                fabric.backward(loss)
                fabric.clip_gradients(model, optimizer, max_norm=1.0)
                optimizer.step()
    """,
    "MAML": """
        for iteration in range(num_iterations):
            opt.zero_grad()
            for task in range(meta_batch_size):
                learner = maml.clone()
                for step in range(adaptation_steps):
                    error = loss(learner(x_s), y_s)
                    learner.adapt(error)
                evaluation_error = loss(learner(x_q), y_q)
                evaluation_error.backward()
            for p in maml.parameters():
                p.grad.data.mul_(1.0 / meta_batch_size)
            opt.step()
    """,
    "federated": """
        for round in range(rounds):
            for client in clients:
                local = copy.deepcopy(global_model)
                optimizer = torch.optim.SGD(local.parameters(), lr=0.01)
                for x, y in client.loader:
                    optimizer.zero_grad()
                    loss = criterion(local(x), y)
                    loss.backward()
                    optimizer.step()
    """,
    "Keras": """
        model = keras.Sequential([
            layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax")])
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
        model.fit(x_train, y_train, epochs=5, validation_split=0.1)
    """,
    "Keras, by hand": """
        for epoch in range(epochs):
            for x, y in dataset:
                with tf.GradientTape() as tape:
                    loss = loss_fn(y, model(x, training=True))
                grads = tape.gradient(loss, model.trainable_weights)
                optimizer.apply_gradients(zip(grads, model.trainable_weights))
    """,
    "a style image": """
        vgg = models.vgg19(weights="DEFAULT").features.eval()
        optimizer = optim.LBFGS([image.requires_grad_()])
        run = [0]
        while run[0] <= 300:
            def closure():
                optimizer.zero_grad()
                vgg(image)
                loss = sum(sl.loss for sl in style_losses)
                loss.backward()
                run[0] += 1
                return loss
            optimizer.step(closure)
    """,
    "adversarial training": """
        for x, y in loader:
            model.eval()
            x_adv = x.clone().requires_grad_()
            for _ in range(10):
                loss = F.cross_entropy(model(x_adv), y)
                grad, = torch.autograd.grad(loss, [x_adv])
                x_adv = (x_adv + 0.01 * grad.sign()).detach().requires_grad_()
            model.train()
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x_adv), y)
            loss.backward()
            optimizer.step()
    """,
    "SAM": """
        for x, y in loader:
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.first_step(zero_grad=True)
            criterion(model(x), y).backward()
            optimizer.second_step(zero_grad=True)
    """,
    "restarts by fractions of an epoch": """
        scheduler = CosineAnnealingWarmRestarts(optimizer, T_0=10, T_mult=2)
        iters = len(dataloader)
        for epoch in range(20):
            for i, (x, y) in enumerate(dataloader):
                optimizer.zero_grad()
                loss = criterion(net(x), y)
                loss.backward()
                optimizer.step()
                scheduler.step(epoch + i / iters)
    """,
    "chained by torch's own documents": """
        scheduler1 = ExponentialLR(optimizer, gamma=0.9)
        scheduler2 = MultiStepLR(optimizer, milestones=[30, 80], gamma=0.1)
        for epoch in range(100):
            for input, target in dataset:
                optimizer.zero_grad()
                loss = loss_fn(model(input), target)
                loss.backward()
                optimizer.step()
            scheduler1.step()
            scheduler2.step()
    """,
    "an autoencoder, whole batches": """
        model = AutoEncoder()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=100, gamma=0.5)
        for epoch in range(500):
            optimizer.zero_grad()
            loss = ((model(X) - X) ** 2).mean()
            loss.backward()
            optimizer.step()
            scheduler.step()
    """,
    "StepLR of many updates, by batch": """
        scheduler = StepLR(optimizer, step_size=10000, gamma=0.5)
        for epoch in range(100):
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
                optimizer.step()
                scheduler.step()
    """,
    "a slow exponential, by batch": """
        scheduler = ExponentialLR(optimizer, gamma=0.9999)
        for epoch in range(100):
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
                optimizer.step()
                scheduler.step()
    """,
    "an encoder and a decoder": """
        encoder, decoder = Encoder(), Decoder()
        optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()])
        for x in loader:
            optimizer.zero_grad()
            loss = F.mse_loss(decoder(encoder(x)), x)
            loss.backward()
            optimizer.step()
    """,
    "compiled and parallel": """
        model = Net().cuda()
        optimizer = torch.optim.Adam(model.parameters())
        model = torch.compile(model)
        net = DistributedDataParallel(model)
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(net(x), y)
            loss.backward()
            optimizer.step()
    """,
    "two losses, one graph": """
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward(retain_graph=True)
            penalty(model).backward(gradient=None)
            optimizer.step()
    """,
    "a model from a helper, twice": """
        def setup():
            model = Net()
            optimizer = SGD(model.parameters(), lr=0.1)
            return model, optimizer
        for wide in (False, True):
            model, optimizer = setup()
            for x, y in loader:
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                optimizer.step()
        model, optimizer = setup()
        criterion(model(x), y).backward()
    """,
    "remote gradients": """
        with dist_autograd.context() as context_id:
            loss = remote(x).sum()
            dist_autograd.backward(context_id, [loss])
            dist_optim.step(context_id)
    """,
    "a plateau heard now and then": """
        scheduler = ReduceLROnPlateau(optimizer, patience=3)
        for epoch in range(epochs):
            for i, (x, y) in enumerate(loader):
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                optimizer.step()
                if i % eval_every == 0:
                    scheduler.step(evaluate(model))
    """,
    "episodes": """
        scheduler = StepLR(optimizer, step_size=100, gamma=0.9)
        for episode in range(1000):
            state = env.reset()
            for t in range(200):
                loss = agent.loss(state)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            scheduler.step()
    """,
    "one cycle of epochs": """
        scheduler = OneCycleLR(optimizer, max_lr=0.1, total_steps=num_epochs)
        for epoch in range(num_epochs):
            for x, y in loader:
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                optimizer.step()
            scheduler.step()
    """,
    "a multi-task sum": """
        for batch in loader:
            optimizer.zero_grad()
            total = 0
            for task, head in heads.items():
                total = total + losses[task](head(body(batch.x)), batch.y[task])
            total.backward()
            optimizer.step()
    """,
    "a helper that updates": """
        def update(loss):
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        for epoch in range(3):
            for x, y in loader:
                update(criterion(model(x), y))
    """,
    "EMA of the weights": """
        ema = AveragedModel(model)
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            ema.update_parameters(model)
        ema.eval()
    """,
    "segmentation with dice": """
        class UNet(nn.Module):
            def forward(self, x):
                return torch.sigmoid(self.last(self.body(x)))
        net = UNet()
        opt = torch.optim.Adam(net.parameters())
        for image, mask in loader:
            opt.zero_grad()
            out = net(image)
            loss = dice_loss(out, mask) + F.binary_cross_entropy(out, mask)
            loss.backward()
            opt.step()
    """,
    "undivided on purpose: a sum over sub-batches": """
        for i, batch in enumerate(loader):
            loss = F.cross_entropy(model(batch.x), batch.y, reduction="sum") / global_batch
            loss.backward()
            if (i + 1) % accumulate == 0 or i + 1 == len(loader):
                optimizer.step()
                optimizer.zero_grad()
    """,
    "validation now and then": """
        model.train()
        for step, (x, y) in enumerate(loader):
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            if step % 100 == 0:
                model.eval()
                with torch.no_grad():
                    print(criterion(model(xv), yv))
                model.train()
    """,
}

PACE, DEAD, TWICE = "schedule at the wrong pace", "dead gradients", "softmax twice"
INNER = """
    {made}
    for epoch in {over}:
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            {batch}
        {epoch}
"""


def _pace(made: str, over: str, batch: str = "pass", epoch: str = "pass") -> str:
    return INNER.format(made=made, over=over, batch=batch, epoch=epoch)


STEP = "scheduler.step()"
FAULTY = {
    "cosine, tqdm": (
        PACE,
        _pace("scheduler = CosineAnnealingLR(optimizer, epochs)", "tqdm(range(epochs))", STEP),
    ),
    "cosine, trange": (
        PACE,
        _pace("scheduler = CosineAnnealingLR(optimizer, T_max=n)", "trange(n)", STEP),
    ),
    "cosine, args": (
        PACE,
        _pace(
            "scheduler = CosineAnnealingLR(optimizer, args.epochs, 1e-5)",
            "range(1, 1 + args.epochs)",
            STEP,
        ),
    ),
    "cosine, start": (
        PACE,
        _pace(
            "scheduler = CosineAnnealingLR(optimizer, T_max=args.epochs)",
            "range(start, args.epochs)",
            STEP,
        ),
    ),
    "StepLR": (
        PACE,
        _pace("scheduler = StepLR(optimizer, step_size=30, gamma=0.1)", "range(90)", STEP),
    ),
    "StepLR, epochs named": (
        PACE,
        _pace("epochs = 60\n    scheduler = StepLR(optimizer, 20)", "range(epochs)", STEP),
    ),
    "ExponentialLR": (
        PACE,
        _pace("scheduler = ExponentialLR(optimizer, gamma=0.9)", "range(epochs)", STEP),
    ),
    "LambdaLR": (
        PACE,
        _pace(
            "scheduler = LambdaLR(optimizer, lr_lambda=lambda epoch: 0.95 ** epoch)",
            "range(epochs)",
            STEP,
        ),
    ),
    "MultiStepLR, milestones": (
        PACE,
        _pace(
            "scheduler = MultiStepLR(optimizer, milestones=[100, 150], gamma=0.1)",
            "tqdm(range(200))",
            STEP,
        ),
    ),
    "plateau": (
        PACE,
        _pace(
            "scheduler = ReduceLROnPlateau(optimizer, 'min')",
            "range(epochs)",
            "scheduler.step(loss.item())",
        ),
    ),
    "Hugging Face, by epoch": (
        PACE,
        _pace(
            "total_steps = len(loader) * epochs\n"
            "    scheduler = get_linear_schedule_with_warmup(optimizer, 0, total_steps)",
            "range(epochs)",
            epoch=STEP,
        ),
    ),
    "Hugging Face, epochs by batch": (
        PACE,
        _pace(
            "scheduler = get_cosine_schedule_with_warmup(\n"
            "        optimizer, num_warmup_steps=2, num_training_steps=epochs)",
            "range(epochs)",
            STEP,
        ),
    ),
    "OneCycle by epoch": (
        PACE,
        _pace(
            "scheduler = OneCycleLR(optimizer, 0.1, epochs=9, steps_per_epoch=len(dl))",
            "range(epochs)",
            epoch=STEP,
        ),
    ),
    "in a function": (
        PACE,
        """
        scheduler = StepLR(optimizer, step_size=10)
        def train_epoch(model, sched):
            for x, y in loader:
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                optimizer.step()
                sched.step()
        for epoch in range(30):
            train_epoch(model, scheduler)
    """,
    ),
    "Lightning": (
        PACE,
        """
        class M(LightningModule):
            def configure_optimizers(self):
                opt = torch.optim.Adam(self.parameters(), 1e-3)
                total = self.trainer.estimated_stepping_batches
                sch = get_linear_schedule_with_warmup(opt, 100, total)
                return [opt], [sch]
    """,
    ),
    "no step": (DEAD, "for x, y in d:\n  opt.zero_grad()\n  l = f(m(x), y)\n  l.backward()"),
    "step without parentheses": (
        DEAD,
        "for x, y in d:\n  opt.zero_grad()\n  l = f(m(x), y)\n  l.backward()\n  opt.step",
    ),
    "zero_grad without parentheses": (
        "forgotten zero_grad",
        "for x, y in d:\n  opt.zero_grad\n  l = f(m(x), y)\n  l.backward()\n  opt.step()",
    ),
    "no backward": (
        DEAD,
        "for x, y in d:\n  optimizer.zero_grad()\n  loss = criterion(m(x), y)\n  optimizer.step()",
    ),
    "other model": (
        DEAD,
        """
        net = Net()
        old = Net()
        optimizer = torch.optim.Adam(old.parameters())
        for x, y in loader:
            optimizer.zero_grad()
            criterion(net(x), y).backward()
            optimizer.step()
    """,
    ),
    "model made anew": (
        DEAD,
        """
        model = Net()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        model = Net(wide=True).to(device)
        for x, y in loader:
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()
    """,
    ),
    "head replaced": (
        DEAD,
        """
        model = resnet18()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        model.fc = nn.Linear(512, 2)
        for x, y in loader:
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()
    """,
    ),
    "no_grad": (
        DEAD,
        """
        for x, y in loader:
            optimizer.zero_grad()
            with torch.no_grad():
                out = model(x)
            loss = criterion(out, y)
            loss.requires_grad = True
            loss.backward()
            optimizer.step()
    """,
    ),
    "detached": (
        DEAD,
        """
        for x, y in loader:
            optimizer.zero_grad()
            out = model(x).detach()
            loss = criterion(out, y).requires_grad_()
            loss.backward()
            optimizer.step()
    """,
    ),
    "the class that was guessed": (
        DEAD,
        """
        for x, y in loader:
            optimizer.zero_grad()
            guess = model(x).argmax(dim=1).float()
            loss = nn.MSELoss()(guess, y.float())
            loss.requires_grad = True
            loss.backward()
            optimizer.step()
    """,
    ),
    "softmax by hand": (
        TWICE,
        "for x, y in d:\n  out = torch.softmax(m(x), -1)\n  loss = nn.CrossEntropyLoss()(out, y)",
    ),
    "softmax, a Sequential": (
        TWICE,
        "model = nn.Sequential(nn.Linear(8, 3), nn.Softmax(dim=1))\n"
        "criterion = nn.CrossEntropyLoss()\nloss = criterion(model(x), y)",
    ),
    "softmax, a Sequential inside": (
        TWICE,
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = nn.Sequential(nn.Linear(8, 3), nn.Softmax(1))
            def forward(self, x):
                return self.layers(x)
        net = Net().to(device)
        criterion = nn.CrossEntropyLoss()
        for x, y in loader:
            outputs = net(x)
            loss = criterion(outputs, y)
    """,
    ),
    "softmax, a method": (TWICE, "loss = F.cross_entropy(model(x).softmax(dim=1), y)"),
    "sigmoid by hand": (
        "sigmoid twice",
        "out = torch.sigmoid(model(x))\nloss = F.binary_cross_entropy_with_logits(out, y)",
    ),
    "sigmoid in the model": (
        "sigmoid twice",
        """
        class Net(nn.Module):
            def forward(self, x):
                x = F.relu(self.a(x))
                return torch.sigmoid(self.b(x))
        model = Net()
        criterion = nn.BCEWithLogitsLoss()
        for x, y in loader:
            loss = criterion(model(x).squeeze(), y)
    """,
    ),
    "Keras, logits": (
        TWICE,
        "model.add(Dense(10, activation='softmax'))\n"
        "model.compile(loss=SparseCategoricalCrossentropy(from_logits=True))",
    ),
    "clips late": (
        "clips after the step",
        """
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    """,
    ),
    "clips scaled": (
        "clips scaled gradients",
        """
        for x, y in loader:
            optimizer.zero_grad()
            with torch.autocast("cuda"):
                loss = criterion(model(x), y)
            scaler.scale(loss).backward()
            clip_grad_norm_(model.parameters(), 1.0)
            scaler.step(optimizer)
            scaler.update()
    """,
    ),
    "undivided": (
        "gradient accumulation",
        """
        for i, (x, y) in enumerate(loader):
            loss = criterion(model(x), y)
            loss.backward()
            if (i + 1) % 8 == 0:
                optimizer.step()
                optimizer.zero_grad()
    """,
    ),
    "undivided, counted": (
        "gradient accumulation",
        """
        accumulation_steps = 4
        optimizer.zero_grad()
        for i, (x, y) in enumerate(loader):
            outputs = model(x)
            loss = loss_fn(outputs, y)
            loss.backward()
            if (i + 1) % accumulation_steps == 0:
                optimizer.step()
                optimizer.zero_grad()
    """,
    ),
    "step after the loop": (
        "gradient accumulation",
        """
        for epoch in range(9):
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(model(x), y)
                loss.backward()
            optimizer.step()
    """,
    ),
    "eval and never back": (
        "eval mode",
        """
        optimizer = torch.optim.Adam(net.parameters())
        net.train()
        for epoch in range(9):
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(net(x), y)
                loss.backward()
                optimizer.step()
            net.eval()
            with torch.no_grad():
                print(criterion(net(xv), yv))
    """,
    ),
    "eval in a function": (
        "eval mode",
        """
        def validate(m):
            m.eval()
            with torch.no_grad():
                return criterion(m(xv), yv)
        optimizer = torch.optim.Adam(net.parameters())
        for epoch in range(9):
            for x, y in loader:
                optimizer.zero_grad()
                loss = criterion(net(x), y)
                loss.backward()
                optimizer.step()
            validate(net)
    """,
    ),
    "made at each batch": (
        "optimizer made anew",
        """
        for x, y in loader:
            optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
    """,
    ),
    "OneCycle and StepLR": (
        "two schedulers",
        "a = OneCycleLR(opt, 0.1, total_steps=99)\nb = StepLR(opt, 30)\n"
        "for e in range(9):\n  a.step()\n  b.step()",
    ),
}
